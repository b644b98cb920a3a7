/* protocol_skips.h -- the protocol tests we do not pass, and why.  An entry that passes fails the
 * test. */
#ifndef TESTS_PROTOCOL_SKIPS_H
#define TESTS_PROTOCOL_SKIPS_H

#include <stddef.h>

struct protocol_skip {
    const char *file, *id, *reason;
};

#define HOST "the host is the endpoint's; no operation of ours has a host prefix"
#define BASE_PATH "the client puts an endpoint's base path before the message's"
#define GZIP "request compression; no operation of ours has it"
#define ROOT_NAME "the converted suite names the member where AWS's S3 models name the root element"

static const struct protocol_skip protocol_skips[] = {
    {"input/query", "AwsQueryEndpointTrait", HOST},
    {"input/query", "AwsQueryEndpointTraitWithHostLabel", HOST},
    {"input/query", "QueryHostWithPath", BASE_PATH},
    {"input/query", "SDKAppliedContentEncoding_awsQuery", GZIP},
    {"input/query", "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery", GZIP},
    {"input/json", "AwsJson11EndpointTrait", HOST},
    {"input/json", "AwsJson11EndpointTraitWithHostLabel", HOST},
    {"input/json", "AwsJson11HostWithPath", BASE_PATH},
    {"input/json", "SDKAppliedContentEncoding_awsJson1_1", GZIP},
    {"input/json", "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1", GZIP},
    {"input/json_1_0", "AwsJson10EndpointTrait", HOST},
    {"input/json_1_0", "AwsJson10EndpointTraitWithHostLabel", HOST},
    {"input/json_1_0", "AwsJson10HostWithPath", BASE_PATH},
    {"input/json_1_0", "SDKAppliedContentEncoding_awsJson1_0", GZIP},
    {"input/json_1_0", "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0", GZIP},
    {"input/rest-json", "RestJsonEndpointTrait", HOST},
    {"input/rest-json", "RestJsonEndpointTraitWithHostLabel", HOST},
    {"input/rest-json", "RestJsonHostWithPath", BASE_PATH},
    {"input/rest-json", "SDKAppliedContentEncoding_restJson1", GZIP},
    {"input/rest-json", "SDKAppendedGzipAfterProvidedEncoding_restJson1", GZIP},
    {"input/rest-xml", "RestXmlEndpointTrait", HOST},
    {"input/rest-xml", "RestXmlEndpointTraitWithHostLabelAndHttpBinding", HOST},
    {"input/rest-xml", "RestXmlEndpointTraitWithHostLabel", HOST},
    {"input/rest-xml", "HttpPayloadWithXmlName", ROOT_NAME},
    {"input/rest-xml", "RestXmlHttpPayloadWithUnion", ROOT_NAME},
    {"input/rest-xml", "HttpPayloadWithXmlNamespace", ROOT_NAME},
    {"input/rest-xml", "HttpPayloadWithXmlNamespaceAndPrefix", ROOT_NAME},
    {"input/rest-xml", "SDKAppliedContentEncoding_restXml", GZIP},
    {"input/rest-xml", "SDKAppendedGzipAfterProvidedEncoding_restXml", GZIP},
    {"input/rest-xml", "XmlAttributesOnPayload", ROOT_NAME},
    {NULL, NULL, NULL},
};

#endif
