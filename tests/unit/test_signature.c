/* Signatures: RFC 8032's own vectors, and which key files are taken. */
#include "billing/receipt/signature.h"

#include "base/mem.h"
#include "check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* RFC 8032, 7.1, tests 1 to 3: the 32 bytes of the secret key as PKCS #8 (RFC 8410, 7). */
struct vector {
    const char *seed, *public_key, *message, *signature;
};
static const struct vector vectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "4"
     "6bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d"
     "8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6"
     "594a7c15e9716ed28dc027beceea1ec40a"},
};

static char folder[] = "/tmp/test-signature-XXXXXX";

static size_t from_hex(const char *hex, unsigned char *out)
{
    size_t n = strlen(hex) / 2;

    for (size_t i = 0; i < n; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

        out[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
    return n;
}

static char *base64(const unsigned char *bytes, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = mem_new((length + 2) / 3 * 4 + 1), *at = text;

    for (size_t i = 0; i < length; i += 3) {
        unsigned long group = (unsigned long)bytes[i] << 16 |
                              (i + 1 < length ? (unsigned long)bytes[i + 1] << 8 : 0) |
                              (i + 2 < length ? bytes[i + 2] : 0);

        *at++ = digits[group >> 18];
        *at++ = digits[group >> 12 & 63];
        *at++ = i + 1 < length ? digits[group >> 6 & 63] : '=';
        *at++ = i + 2 < length ? digits[group & 63] : '=';
    }
    return text;
}

static char *pem(const char *prefix, const char *hex, const char *label)
{
    unsigned char der[128];
    size_t n = from_hex(prefix, der);
    cleanup_free char *text = NULL;

    n += from_hex(hex, der + n);
    text = base64(der, n);
    return mem_printf("-----BEGIN %s-----\n%s\n-----END %s-----\n", label, text, label);
}

static char *write_file(const char *name, const char *text, mode_t mode)
{
    char *path = mem_printf("%s/%s", folder, name);
    int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);

    CHECK(write(file, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK(fchmod(file, mode) == 0);
    (void)close(file);
    return path;
}

static char *private_pem(const struct vector *vector)
{
    return pem("302e020100300506032b657004220420", vector->seed, "PRIVATE KEY");
}

static char *public_pem(const struct vector *vector)
{
    return pem("302a300506032b6570032100", vector->public_key, "PUBLIC KEY");
}

static void test_vector(const struct vector *vector)
{
    cleanup_free char *secret = private_pem(vector), *known = public_pem(vector);
    cleanup_free char *path = write_file("key.pem", secret, 0600), *made = NULL;
    cleanup_free char *known_path = write_file("known.pem", known, 0644);
    unsigned char message[8], want[SIGNATURE_BYTES], have[SIGNATURE_BYTES];
    size_t length = from_hex(vector->message, message);
    char one[65], two[65];
    struct err e = {0};
    struct signature_key *key = signature_private_key(path, &e);
    struct signature_key *public = signature_public_key(known_path, &e);

    CHECK(key && public);
    if (!key || !public)
        return;
    CHECK_INT((long long)from_hex(vector->signature, want), SIGNATURE_BYTES);
    CHECK(!signature_sign(key, message, length, have, &e));
    CHECK(!memcmp(have, want, sizeof want));
    CHECK(signature_is_good(public, message, length, have, sizeof have));
    CHECK(!signature_is_good(public, message, length, have, sizeof have - 1));
    CHECK(!signature_is_good(public, message, length, "", 0));
    for (size_t i = 0; i < sizeof have; i++) {
        have[i] ^= 1;
        CHECK(!signature_is_good(public, message, length, have, sizeof have));
        have[i] ^= 1;
    }
    message[length] = 0;
    CHECK(!signature_is_good(public, message, length + 1, have, sizeof have));
    made = signature_public_pem(key);
    CHECK_TEXT(made, known);
    signature_fingerprint(key, one);
    signature_fingerprint(public, two);
    CHECK_TEXT(one, two);
    CHECK(signature_sign(public, message, length, have, &e) == -1);
    signature_key_free(key);
    signature_key_free(public);
}

/* Whether a private key in a file of that mode is taken; why not goes to e. */
static bool is_taken(const char *name, const char *text, mode_t mode, struct err *e)
{
    cleanup_free char *path = write_file(name, text, mode);
    struct signature_key *key;

    err_clear(e);
    key = signature_private_key(path, e);
    signature_key_free(key);
    CHECK(!strstr(e->text, "MC4CAQ")); /* nothing of the key is told */
    return key != NULL;
}

static void test_files(void)
{
    static const mode_t open_modes[] = {0640, 0604, 0660, 0620, 0644, 0666, 0610, 0601};
    cleanup_free char *secret = private_pem(&vectors[0]), *known = public_pem(&vectors[0]);
    struct err e = {0};

    CHECK(is_taken("good.pem", secret, 0600, &e));
    CHECK(is_taken("good.pem", secret, 0400, &e));
    for (size_t i = 0; i < sizeof open_modes / sizeof *open_modes; i++) {
        CHECK(!is_taken("good.pem", secret, open_modes[i], &e));
        CHECK(strstr(e.text, "chmod 600") != NULL);
    }
    CHECK(!is_taken("good.pem", known, 0600, &e));
    CHECK(strstr(e.text, "genpkey") != NULL);
    CHECK(!is_taken("good.pem", "", 0600, &e));
    CHECK(!is_taken("good.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                    0600, &e));
    err_clear(&e);
    CHECK(!signature_private_key(folder, &e));
    CHECK(strstr(e.text, "regular file") != NULL);
    err_clear(&e);
    CHECK(!signature_private_key("/nonexistent/key.pem", &e));
    CHECK_INT(e.kind, ERR_INVALID);
}

/* systemd hands credentials over with bits of a group, which stand for its access control list. */
static void test_credentials(void)
{
    cleanup_free char *secret = private_pem(&vectors[0]), *beside = mem_printf("%s/../x", folder);
    struct err e = {0};

    CHECK(setenv("CREDENTIALS_DIRECTORY", folder, 1) == 0);
    CHECK(is_taken("credential", secret, 0440, &e));
    CHECK(!is_taken("credential", secret, 0460, &e));
    CHECK(!is_taken("credential", secret, 0444, &e));
    CHECK(setenv("CREDENTIALS_DIRECTORY", beside, 1) == 0);
    CHECK(!is_taken("credential", secret, 0440, &e));
    (void)unsetenv("CREDENTIALS_DIRECTORY");
}

static void test_public_files(void)
{
    cleanup_free char *secret = private_pem(&vectors[1]), *known = public_pem(&vectors[1]);
    cleanup_free char *public_path = write_file("public.pem", known, 0644);
    cleanup_free char *private_path = write_file("both.pem", secret, 0644);
    struct err e = {0};
    cleanup_free char *nothing_path = write_file("nothing.pem", "no key", 0644);
    struct signature_key *one = signature_public_key(public_path, &e);
    struct signature_key *two = signature_public_key(private_path, &e);
    char a[65], b[65];

    CHECK(one && two);
    if (one && two) {
        signature_fingerprint(one, a);
        signature_fingerprint(two, b);
        CHECK_TEXT(a, b);
    }
    signature_key_free(one);
    signature_key_free(two);
    CHECK(!signature_public_key(nothing_path, &e));
}

int main(void)
{
    cleanup_free char *remove = mem_printf("rm -r %s", folder);

    CHECK(mkdtemp(folder) != NULL);
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        test_vector(&vectors[i]);
    test_files();
    test_credentials();
    test_public_files();
    free(remove);
    remove = mem_printf("rm -r %s", folder);
    CHECK(system(remove) == 0);
    return check_done();
}
