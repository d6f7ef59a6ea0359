/* arithmetic.c: what the signatures of a message cost in libcrypto alone: SHA-256 of
 * SIZE octets and VERIFICATIONS times RSA-2048 with the key at hand.
 *
 *   arithmetic SIZE VERIFICATIONS     prints microseconds of CPU */
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DIGEST = 32, SIGNATURE_MAX = 512 };

static double cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void die(void)
{
    fputs("arithmetic: libcrypto failed\n", stderr);
    exit(1);
}

static EVP_PKEY_CTX *context(EVP_PKEY *key, int (*begin)(EVP_PKEY_CTX *))
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);

    if (!c || begin(c) <= 0 || EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) <= 0 ||
        EVP_PKEY_CTX_set_signature_md(c, EVP_sha256()) <= 0)
        die();
    return c;
}

/* The least of several runs is what the work itself takes. */
static double least(double a, double b)
{
    return a < b ? a : b;
}

static double digest_us(size_t size)
{
    unsigned char *octets = calloc(1, size), value[DIGEST];
    double best = 1e12;

    if (!octets)
        die();
    for (int run = 0; run < 50; run++) {
        double started = cpu_us();

        if (!EVP_Digest(octets, size, value, NULL, EVP_sha256(), NULL))
            die();
        best = least(best, cpu_us() - started);
    }
    free(octets);
    return best;
}

static double verify_us(void)
{
    EVP_PKEY *key = EVP_RSA_gen(2048);
    unsigned char value[DIGEST] = { 0 }, signature[SIGNATURE_MAX];
    size_t len = sizeof signature;
    double best = 1e12;
    EVP_PKEY_CTX *c = context(key, EVP_PKEY_sign_init);

    if (EVP_PKEY_sign(c, signature, &len, value, DIGEST) <= 0)
        die();
    EVP_PKEY_CTX_free(c);
    for (int run = 0; run < 500; run++) {
        double started = cpu_us();

        c = context(key, EVP_PKEY_verify_init);
        if (EVP_PKEY_verify(c, signature, len, value, DIGEST) != 1)
            die();
        EVP_PKEY_CTX_free(c);
        best = least(best, cpu_us() - started);
    }
    EVP_PKEY_free(key);
    return best;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 64;
    printf("%.1f\n", digest_us(strtoul(argv[1], NULL, 10)) + atoi(argv[2]) * verify_us());
    return 0;
}
