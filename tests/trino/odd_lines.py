"""Lines on which engines may disagree: what is JSON, what is a number, what is blank, which key wins."""

FIELDS = ('{"requestId":"%s","sub":"s","status":"200","requestTimeEpoch":"1757894400",'
          '"responseLength":%s}')

NUMBERS = [
    '"12"', '" 12"', '"12 "', '"+12"', '"-12"', '"012"', '"1e3"', '"1E3"', '"12.0"', '"12.7"', '"1_000"',
    '"1,000"', '"0x10"', '"१२"', '"９"', '""', '"-"', '"NaN"', '"true"', '"9223372036854775807"',
    '"9223372036854775808"', '"99999999999999999999"', '"12\\u0000"', '"\\t12"', '12', '-12', '12.0', '12.7',
    '1e3', '1E3', '1e400', '0.1e2', '-0', '012', '+12', '.5', '5.', '99999999999999999999', 'true', 'null',
    '[12]', '{"a":12}', '-', '- ', ' - ', '--', 'NaN', 'Infinity', '', '"12', "'12'", '"\\u0031\\u0032"',
]

LINES = [
    # blank or not
    "", " ", "\t", "\n", "\r\n", "\u00a0", "\u2003", "\ufeff", "\x00", "\x0b", "\x0c", "\x1c", "\x85",
    # JSON or not
    "null", "true", "12", '"text"', "[]", "{}", "[1,2]", "{", "}", '{"requestId"}', '{"requestId":}',
    '{"requestId":"r"}}', '{"requestId":"r"} x', '{"requestId":"r"}{"requestId":"q"}', '{"requestId":"r",}',
    '{requestId:"r"}', "{'requestId':'r'}", '\ufeff{"requestId":"bom"}', ' {"requestId":"blanks"} ',
    '{"requestId":"comment"/* */}', '{"requestId":"tab\there"}', '{"requestId":"line\nhere"}',
    '{"requestId":"nul\\u0000"}', '{"requestId":"raw\x01"}', '{"requestId":"lone\\ud800"}',
    '{"requestId":"pair\\ud83d\\ude00"}', '{"requestId":"\\x41"}', '{"requestId":"\\/"}',
    '{"requestId":"\\u00e9\\u0000x"}',
    # which key wins, and what a value is
    '{"requestId":"first","requestId":"second"}', '{"requestId":null,"requestId":"second"}',
    '{"REQUESTID":"upper"}', '{"requestId":"a","sub":"x","sub":"y"}', '{"x":{"requestId":"inner"}}',
    '{"requestId":1}', '{"requestId":1.0}', '{"requestId":1e2}', '{"requestId":true}', '{"requestId":[1]}',
    '{"requestId":""}', '{"requestId":"-"}', '{"requestId":" - "}', '{"requestId":"a","sub":""}',
    '{"requestId":"a","user":"-:username"}', '{"requestId":"a","username":"-","user":"u"}',
    '{"requestId":"a","username":"","user":"u"}', '{"requestId":"a","username":null,"user":"u"}',
    # mended or not
    '{"requestId":"a","x":-}', '{"requestId":"a","x":-,"y":-}', '{"requestId":"a","x": -}',
    '{"requestId":"a","x":  -}', '{"requestId":"a","x":-1}', '{"requestId":"a","path":"\\":-,"}',
    '{"requestId":"a","path":":-,","x":-}', '{"requestId":-}', '{"requestId":"a","x":-,"x":-,}',
    '{"requestId":"$1","x":-}', '{"requestId":"a\\\\","x":-}',
    # when it was
    *('{"requestId":"t","requestTimeEpoch":"%s"}' % time for time in (
        "0", "-1", "1", "99999999999", "100000000000", "99999999999999", "100000000000000",
        "253402300800", "9223372036854775807", "1757894400.5", "1757894400 ", "15/Sep/2025:00:00:00 +0000")),
    '{"requestId":"t","requestTimeEpoch":"-","requestTime":"1757894400"}',
    '{"requestId":"t","requestTime":1757894400999}', '{"requestId":"t","requestTime":1.7578944e9}',
]

# DuckDB's JSON differs from Trino's: it takes a comma too many, NaN and Infinity, and writes numbers
# its own way, but no half of a surrogate pair. What Trino makes of such a line: its state and request id.
DUCKDB_DIFFERS = {
    '{"requestId":"r",}': ("invalid", None),
    '{"requestId":"a","x":-,"x":-,}': ("invalid", None),
    '{"requestId":"lone\\ud800"}': ("estimated", "lone?"),
    '{"requestId":1e2}': ("estimated", "1e2"),
    FIELDS % ("n32", "-0"): ("ok", "n32"),
    FIELDS % ("n46", "NaN"): ("invalid", None),
    FIELDS % ("n47", "Infinity"): ("invalid", None),
}


def messages():
    return LINES + [FIELDS % (f"n{number}", text) for number, text in enumerate(NUMBERS)]
