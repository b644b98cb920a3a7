/* Whose account may be touched. */
#include "base/json.h"
#include "check.h"
#include "spec/account_guard.h"

static void check(const char *spec, const char *identity, enum err_kind want, const char *account)
{
    struct manifest manifest = {.account = (char *)spec};
    json_auto_t *json = json_loads(identity, 0, NULL);
    const char *told = "";
    struct err e = {0};
    int result = account_guard_check(&manifest, json, &told, &e);

    CHECK_INT(result, want == ERR_NONE ? 0 : -1);
    CHECK_INT(e.kind, want);
    CHECK_TEXT(told ? told : "(none)", account);
    if (want == ERR_INVALID)
        CHECK_TEXT(e.text, "the credentials belong to account 210987654321, but the spec is for "
                           "123456789012: nothing was read or written");
}

int main(void)
{
    const char *ours =
        "{\"Account\": \"123456789012\", \"Arn\": \"arn:aws:iam::123456789012:root\"}";
    const char *other =
        "{\"Account\": \"210987654321\", \"Arn\": \"arn:aws:iam::210987654321:root\"}";

    check("123456789012", ours, ERR_NONE, "123456789012");
    check("123456789012", other, ERR_INVALID, "210987654321");
    check(NULL, other, ERR_NONE, "210987654321"); /* unguarded; told when the spec is loaded */
    check("123456789012", "{}", ERR_RETRY, "(none)");
    check(NULL, "{\"Account\": \"123456789012\"}", ERR_RETRY, "(none)");
    check(NULL, "{\"Account\": 123456789012, \"Arn\": \"a\"}", ERR_RETRY, "(none)");
    return check_done();
}
