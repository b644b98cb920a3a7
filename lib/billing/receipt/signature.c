#include "billing/receipt/signature.h"

#include "base/digest.h"
#include "base/file_kind.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST = 16384 };

struct signature_key {
    EVP_PKEY *key;
};

/* remedy: where the file holds no key. */
static struct signature_key *take(EVP_PKEY *found, const char *where, const char *remedy,
                                  struct err *e)
{
    struct signature_key *key;

    if (!found) {
        (void)err_set(e, ERR_INVALID, "%s holds no key in PEM without a passphrase; %s", where,
                      remedy);
        return NULL;
    }
    if (EVP_PKEY_base_id(found) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(found);
        (void)err_set(e, ERR_INVALID, "%s holds another kind of key; it must be Ed25519", where);
        return NULL;
    }
    key = mem_new(sizeof *key);
    key->key = found;
    return key;
}

/* Nobody is asked for a passphrase. */
static int no_passphrase(char *room, int size, int writing, void *arg)
{
    (void)room, (void)size, (void)writing, (void)arg;
    return 0;
}

static EVP_PKEY *parse_private(const char *pem, size_t length)
{
    BIO *bio = BIO_new_mem_buf(pem, (int)length);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);

    BIO_free(bio);
    return key;
}

static EVP_PKEY *parse_public(const char *pem, size_t length)
{
    BIO *bio = BIO_new_mem_buf(pem, (int)length);
    EVP_PKEY *key = PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);

    BIO_free(bio);
    return key;
}

/* ---- files ---- */

static bool is_credential(const char *path)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    size_t n = folder ? strlen(folder) : 0;

    return n && !strncmp(path, folder, n) && path[n] == '/' && !strstr(path + n, "/..");
}

static int check_mode(int file, const char *path, struct err *e)
{
    mode_t refused = is_credential(path) ? S_IRWXO | S_IWGRP : S_IRWXO | S_IRWXG;
    struct stat status;

    if (fstat(file, &status))
        return err_set(e, ERR_INVALID, "%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return err_set(e, ERR_INVALID, "%s is no regular file", path);
    if (status.st_uid != geteuid() && status.st_uid != 0)
        return err_set(e, ERR_INVALID,
                       "%s belongs to another user, who could exchange the signing key: "
                       "chown it to ours",
                       path);
    if (status.st_mode & refused)
        return err_set(e, ERR_INVALID,
                       "%s is open to others (mode %04o), so that its signatures prove nothing: "
                       "chmod 600 %s, or better make a new key",
                       path, (unsigned)(status.st_mode & 07777), path);
    return 0;
}

/* The file's bytes, to be given back with mem_free_secret. */
static char *read_file(const char *path, bool secret, size_t *length, struct err *e)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = 0;
    const char *told;
    char *text;

    *length = 0;
    if (file < 0) {
        (void)err_set(e, ERR_INVALID, "%s: %s", path, strerror(errno));
        return NULL;
    }
    if (secret && check_mode(file, path, e)) {
        (void)close(file);
        return NULL;
    }
    text = mem_new(FILE_MOST + 1);
    while (*length < FILE_MOST && (n = read(file, text + *length, FILE_MOST - *length)) > 0)
        *length += (size_t)n;
    (void)close(file);
    told = n < 0 ? NULL : file_kind_told(text, *length);
    if (n >= 0 && *length && *length < FILE_MOST && !told)
        return text;
    (void)err_set(e, ERR_INVALID, "%s: %s%s", path, told ? "the file is " : "",
                  n < 0  ? strerror(errno)
                  : told ? told
                         : "holds no key");
    mem_free_secret(text);
    return NULL;
}

struct signature_key *signature_private_key(const char *path, struct err *e)
{
    size_t length;
    char *pem = read_file(path, true, &length, e);
    struct signature_key *key = pem ? take(parse_private(pem, length), path,
                                           "`openssl genpkey -algorithm ed25519` makes one", e)
                                    : NULL;

    mem_free_secret(pem);
    return key;
}

struct signature_key *signature_public_key(const char *path, struct err *e)
{
    size_t length;
    char *pem = read_file(path, false, &length, e);
    struct signature_key *key = NULL;
    EVP_PKEY *found;

    if (pem) {
        found = parse_public(pem, length);
        key = take(found ? found : parse_private(pem, length), path,
                   "the seller's public key begins with -----BEGIN PUBLIC KEY-----", e);
    }
    mem_free_secret(pem);
    return key;
}

struct signature_key *signature_trusted_key(const char *path, struct err *e)
{
    if (path && *path)
        return signature_public_key(path, e);
    (void)err_set(e, ERR_INVALID,
                  "there is no key to trust: give --public-key FILE (the archive's own "
                  "public-key.pem vouches for nothing)");
    return NULL;
}

void signature_key_free(struct signature_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->key);
    free(key);
}

/* ---- the public part ---- */

void signature_fingerprint(const struct signature_key *key, char hex[static 65])
{
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(key->key, &der);

    if (length <= 0)
        abort(); /* no memory */
    digest_sha256(der, (size_t)length, hex);
    OPENSSL_free(der);
}

char *signature_public_pem(const struct signature_key *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes, *pem;
    long length;

    if (!bio || !PEM_write_bio_PUBKEY(bio, key->key))
        abort();
    length = BIO_get_mem_data(bio, &bytes);
    pem = mem_text_n(bytes, (size_t)length);
    BIO_free(bio);
    return pem;
}

/* ---- signatures ---- */

int signature_sign(const struct signature_key *key, const void *bytes, size_t length,
                   unsigned char signature[static SIGNATURE_BYTES], struct err *e)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t n = SIGNATURE_BYTES;
    bool good = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key->key) == 1 &&
                EVP_DigestSign(context, signature, &n, bytes, length) == 1 && n == SIGNATURE_BYTES;

    EVP_MD_CTX_free(context);
    return good ? 0 : err_set(e, ERR_INVALID, "signing needs the private key");
}

bool signature_is_good(const struct signature_key *key, const void *bytes, size_t length,
                       const void *signature, size_t signature_length)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->key) == 1 &&
                EVP_DigestVerify(context, signature, signature_length, bytes, length) == 1;

    EVP_MD_CTX_free(context);
    return good;
}
