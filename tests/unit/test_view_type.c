/* Hive types as Trino writes them.  Source: Trino's HiveTypeTranslator. */
#include "base/mem.h"
#include "check.h"
#include "resources/view_type.h"

static const struct {
    const char *hive, *trino;
} pairs[] = {
    {"string", "varchar"},
    {"STRING", "varchar"},
    {"int", "integer"},
    {"bigint", "bigint"},
    {"float", "real"},
    {"double", "double"},
    {"boolean", "boolean"},
    {"date", "date"},
    {"binary", "varbinary"},
    {"timestamp", "timestamp(3)"},
    {"decimal(18,2)", "decimal(18,2)"},
    {"varchar(10)", "varchar(10)"},
    {"array<string>", "array(varchar)"},
    {"map<string,int>", "map(varchar, integer)"},
    {"struct<id:string,n:int>", "row(id varchar, n integer)"},
    {"array< struct< id : string , n : int > >", "array(row(id varchar, n integer))"},
    {"array<struct<a:array<int>,b:decimal(3,1),c:map<string,struct<d:date>>>>",
     "array(row(a array(integer), b decimal(3,1), c map(varchar, row(d date))))"},
    {"unheard", "unheard"},
    /* Cut short: no crash, no reading past the end. */
    {"array<", "array()"},
    {"struct<a", "row(a)"},
    {"decimal(1", "decimal(1"},
    {"", ""},
};

/* As long as Glue takes one, and of nothing but brackets: it ends, and not by the stack's. */
static void test_deep(void)
{
    enum { LONGEST = 131072 };
    cleanup_free char *deep = mem_new(LONGEST + 1), *have = NULL;

    memset(deep, '<', LONGEST);
    have = view_type_from_hive(deep);
    CHECK(strlen(have) > LONGEST / 2);
}

int main(void)
{
    test_deep();
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        cleanup_free char *have = view_type_from_hive(pairs[i].hive);

        CHECK_TEXT(have, pairs[i].trino);
    }
    return check_done();
}
