"""What Python's `re` says: python test/interop/gx/make_regex.py > test/golden/quality-regex.json"""

import json
import platform
import re
import warnings

warnings.simplefilter("ignore")

# fmt: off
PATTERNS = [
r'^\w+$', r'\A\S', r'^[^\d]+\Z', r'\d\Z', r'a$', r'^a\Z', r'(?m)^b$', r'(?s)a.b', r'a.b', r'(?i)MÜLLER', r'(?x) a  b # c', r'(?P<q>["\']).*?(?P=q)', r'(\w)\1', r'(a)?\1', r'\bfoo\b', r'\Bfoo', r'[\w-]+@[\w.]+', r'[^\W\d_]+$', r'[\D]', r'[\S]', r'[\W]', r'\x41', r'\u00fc', r'\U0001F600', r'\101', r'\0', r'[\1]', r'[\101]', r'(?:a|b)++c', r'(?>a*)b', r'a*+a', r'(?<=a)b', r'(?<!a)b', r'(?<=a+)b', r'(?i:a)b', r'(?s:.)b', r'(?m:^b)', r'(?-s:.)', r'x{2}', r'x{,2}y', r'x{2,}', r'x{', r'x{}', r'x{a}', r'{', r'x{,}y', r'*a', r'a**', r'^*', r'(?=a)*b', r'(?=a)', r'a|', r'|', r'()', r'[]a]', r'[^]a]', r'[a-]', r'[-a]', r'[a-\d]', r'[b-a]', r'[a', r'(', r')', r'a)', r'\q', r'\8', r'\1', r'\_', r'\-', r'\/', r'[&&a]', r'[a--b]', r'[[a]', r'(?#c)a', r'(?#c', r'(?a)\w+$', r'(?a)^\s', r'(?u)\w', r'a(?i)b', r'(?i)(?s)A.B', r'(?L)a', r'(?z)a', r'(?P<1a>x)', r'(?P<é>x)(?P=é)', r'(?P<a>x)(?P<a>y)', r'(a|b)\1', r'(?:(a)|b)\1', r'(?:(a)|b\1)', r'((a)\2)\1', r'(a\1)', r'(?!(a))b', r'(?!(a))b\1', r'(?=(a))\1b', r'(?(1)a|b)', r'(a)?(?(1)b|c)', r'(?i)i', r'(?i)[^i]', r'(?i)\x69', r'\N{DIGIT ONE}', r'[\b]', r'\a\f\v', r'\s+$', r'^\s*$', r'[^\s]', r'€', r'😀', r'^.$', r'^..$', r'\d{3}-\d{4}', r'^(?:\+\d{1,3})?[ -]?\d+$', r'^[A-Z]{2}\d{2}[A-Z0-9]{1,30}$', r'(?i)[k]', r'(?i)[^k]', r'(?i)ſ', r'(?i)[a-z]+\Z', r'[À-ÿ]', r'(?i)straße', r'\Z', r'^$', r'$^', r'(?m)$\n^', r'a{1}{2}', r'a{2}?', r'a{0}b', r'(a){0}\1b', r'(?=a)+b', r'\b*', r'(?:^)*a', r'[]', r'[^]', r'a\ b', r'(?x)a\ b', r'(?x)[a b]c', r'(?x)a #(', r'(?x)(?P<n>a) (?P=n)', r'(?x) (?i) a', r'  (?x)a', r'(?is)^a.*Z$', r'(?P=x)', r'(?P>x)', r'(?<n>a)', r'\k<n>', r'\p{L}', r'\z', r'(a)(?<=\1)b', r'(?<=(a))b\1', r'(?<=\b)foo', r'(?<=^)a', r'(?<!\d)\d{2}(?!\d)', r'(?i)İ', r'\400', r'\377', r'\xg', r'\u12', r'a{3,1}', r'(a*)*b', r'(a|ab)(c|bcd)(d*)$', r'\t', r'a\nb', r'#', r'[#\]]', r'\.csv$', r'^(?!.*\.\.).*$', r'(?s).*', r'(?i)^(true|false)$', r'[^\x00-\x7F]', r'[\u4e00-\u9fff]', r'^[\w\s.,!?-]*$', r'\d+(?:,\d{3})*(?:\.\d+)?', r'^\S+@\S+\.\S+$', r'[|]', r'[.]', r'[~!@#$%^&*()]'
]
TEXTS = [
'', 'a', 'ab', 'aab', 'abc', 'a\n', 'a\n\n', 'b\n', 'a\nb', 'x\nb\ny', 'foo', 'a foo b', 'xfoo', 'Müller', 'O Neil', '李雷', 'Ann', 'A7', 'B8x', '٣', 'é', 'e\u0301', 'a\u0301', '\ufeff', '\u00a0', '\x1c', '\x85', '\u2028', 'a\u2028b', 'a\rb', '\t', 'a b', 'x', 'xx', 'xxx', 'xxy', 'xy', 'y', 'x{', 'x{}', 'x{a}', '{', '"q"',"'q'",'\'q"', 'aa', 'bb', 'aba', '12', '123-4567', 'K', 'k', '\u212a', 's', 'ſ', 'ß', 'ẞ', 'STRASSE', 'straße', '😀', '😀😀', '½', '²', 'Ⅷ', 'a_b', 'a-b', '@', 'user@example.com', '\x00', '\x01', '\x07\x0c\x0b', '\x08', 'A', 'AB', '[a', '&', '--', '#', 'aac', 'bc', 'caac', '+49 123', 'GB29NWBK', 'True', 'FALSE', '1,234.50', 'a..b', 'file.csv', 'i', 'ı', 'İ', 'ac', 'b', '1', '11', 'ba', 'Z', 'aZ', 'a\nZ', 'abcd', '🇩🇪', 'ü', 'Ü', '\xff', 'hello, world!'
]
# fmt: on


def answer(pattern):
    """One digit a text: 1 where `re.search` finds something; None where the pattern is refused."""
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError):
        return None
    return "".join("1" if compiled.search(text) else "0" for text in TEXTS)


print(json.dumps({"python": platform.python_version(), "texts": TEXTS, "patterns": [[p, answer(p)] for p in PATTERNS]}))
