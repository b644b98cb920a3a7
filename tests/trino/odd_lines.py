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

BROKEN = '{"requestId":"b","sub":"s","status":"200","responseLength":"7"%s'
BREAKS = [  # and where
    '', '}', ',', ',}', '}}', '} x', '},{"sub":"victim"}', ' } ', ',"path":"/a"b"}', ',"path":"/a\\"}',
    ',"path":"/a\tb"}', ',"path":"/a\nb","sub":"victim"}', ',"path":"/\x00"}', ',"path":"/\x1f"}', ',"path":"/\x7f"',
    ',"path":"/cut', ',"path":"/cut"', ',"path":"/' + "x" * 300000, ',"path":"/\\x"}', ',"path":"/\\u12"}',
    ',"path":"/\\u00e9 \\ud83d\\ude00\\n","x":"\\q"}', ',"x":{"a":1},"path":"/"b"}', ',"x":[1],"path":"/"b"}',
    ',"x":-,"path":"/"b"}', ',"x":-1.5e3,"path":"/"b"}', ',"x":01,"path":"/"b"}', ',"x":true,"y":null,"path":"/"b"}',
    ' , "x" : "y" , "path":"/"b"}', ' "x":"y","path":"/"}', ',"x" "y","path":"/"}', ",'x':1}", ',x:1}', ',"x":tru',
    ',"x":12', ',"path":"/","sub":"victim","x":"y"z"}', ',"path":"/":-,"x":"y"}', ',"":"empty key","x":"y"z"}',
    ',"x":"y"' * 40000 + ',"path":"/"b"}', ',"path":"' + "\\/" * 100000 + '"b"}', "," * 100000, ',"' + "\\\\" * 100000,
    ',"path":"/\ud7ff\ue000\U0010ffff","x":"y"z"}', ',"\\u0070ath":"/escaped key","x":"y"z"}',
]
TEXTS = [  # a sub as JSON writes it
    'victim\\u0000x', '\\u0000', '\\u0001\\u001f', '\\n\\t\\b\\f\\r', 'a\x7fb', 'a\\u007fb', '\\"quoted\\"', '\\"', 'a\\"b',
    'back\\\\slash', '\\\\u0000', 'back\\\\slash\\u0000', '\\/\\u0000', '\\u0085', '\\u2028\\u0000', '\\ud83d\\ude00\\u0000', '\u00e9\\u0000',
    '-', '', ' ', '-\\u0000', "'", '[\\u0000]', '\\\\"', '<\\u0000>&',
]
CLOCKS = [
    "31/Oct/2026:23:59:58 +0000", "01/Nov/2026:08:59:58 +0900", "31/Oct/2026:20:29:58 -0330", "29/Feb/2024:00:00:00 +0000",
    "29/Feb/2023:00:00:00 +0000", "31/Feb/2026:00:00:00 +0000", "31/Apr/2026:00:00:00 +0000", "00/Jan/2026:00:00:00 +0000",
    "32/Jan/2026:00:00:00 +0000", "01/Jan/1970:00:00:00 +0000", "01/Jan/1970:00:00:01 +0000", "01/Jan/1970:00:00:01 +0100",
    "31/Dec/1969:23:59:59 -0100", "01/Jan/0000:00:00:00 +0000", "31/Dec/9999:23:59:59 +0000", "1/Jan/2026:00:00:00 +0000",
    "01/jan/2026:00:00:00 +0000", "01/Foo/2026:00:00:00 +0000", "01/Jan/2026:24:00:00 +0000", "01/Jan/2026:23:59:60 +0000",
    "01/Jan/2026:00:00:00", "01/Jan/2026:00:00:00 UTC", "01/Jan/2026:00:00:00 +1400", "01/Jan/2026:00:00:00 +1500",
    "01/Jan/2026:00:00:00 +0060", "01/Jan/2026:00:00:00 +0000 ", " 01/Jan/2026:00:00:00 +0000", "01/Jan/2026:00:00:00  +0000",
    "\u0660\u0661/Jan/2026:00:00:00 +0000", "2026-01-01T00:00:00Z", "01/Jan/2026:00:00:00 +0000\\n",
]

LINES = [
    *(BROKEN % end for end in BREAKS), *("\ufeff" + BROKEN % end for end in ("}", '"}', "")),
    "\ufeff\ufeff" + BROKEN % "}", "\ufeff", '{"sub":"s","status":"200"', '{"requestId":"b","sub":"s","status":"200",',
    '{"sub":"s","status":"-","responseLength":"-","path":"/a"b"}', '{"status":"200","responseLength":"7","path":"/a"b"}',
    '{"sub":"s","status":"200","responseLength":"7"}', '{"sub":"s","status":"200"}', '{"sub":"s","responseLength":-}',
    *('{"requestId":"c","sub":"%s"}' % text for text in TEXTS),
    *('{"requestId":"t","requestTime":"%s"}' % clock for clock in CLOCKS),
    '{"requestId":"t","requestTimeEpoch":"1757894400","requestTime":"31/Oct/2026:23:59:58 +0000"}',
    '{"requestId":"t","requestTimeEpoch":"0","requestTime":"31/Oct/2026:23:59:58 +0000"}',
    '{"requestId":"t","requestTimeEpoch":"31/Oct/2026:23:59:58 +0000"}',
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
    # half of a surrogate pair: in what is billed, elsewhere, beside what looks like one, and before a break
    *('{"requestId":"h","sub":"%s","status":"200","responseLength":"7","path":"/\\udabc"%s' % (text, end)
      for text in ("a\\ud800b", "\\uDC00", "\\ud83d\\ude00", "\\\\ud800", "a\\u0000\\\\ud800", "\\\\\\ud800", "\\ud800\\ud800", "\\Ud800")
      for end in ("}", ',"x":"cut', ',"x":-}')),
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

# DuckDB's JSON differs from Trino's: it takes a comma too many, NaN and Infinity, and writes numbers and
# what lies beyond 16 bits its own way. What Trino makes of such a line: its state and request id.
DUCKDB_DIFFERS = {
    '{"requestId":"r",}': ("invalid", "r"),
    '{"requestId":"a","x":-,"x":-,}': ("invalid", "a"),
    BROKEN % ",}": ("repaired", "b"),
    BROKEN % ',"path":"/\\u00e9 \\ud83d\\ude00\\n","x":"\\q"}': ("repaired", "b"),
    '{"requestId":"c","sub":"\\ud83d\\ude00\\u0000"}': ("estimated", "c"),
    '{"requestId":1e2}': ("estimated", "1e2"),
    FIELDS % ("n32", "-0"): ("ok", "n32"),
    FIELDS % ("n46", "NaN"): ("invalid", "n46"),
    FIELDS % ("n47", "Infinity"): ("invalid", "n47"),
}


def messages():
    return LINES + [FIELDS % (f"n{number}", text) for number, text in enumerate(NUMBERS)]
