/** Names that have broken file stores, servers, parsers and pages. A backend must refuse each of them, or store it without harm. */

/**
 * Hostile names for experiments, runs, keys, artifacts, models and aliases, grouped by what they attack. Some names are in several groups.
 *
 * The groups `case` and `composed` hold names that differ only by case or by how a letter is composed. A backend that accepts both must keep them apart.
 */
export function hostileNameGroups(): Readonly<Record<string, readonly string[]>> {
  return { ...pathNames(), ...parserNames(), ...queryNames(), ...unicodeNames(), ...reservedNames() }
}

/** All of {@link hostileNameGroups}, each once: more than 400. */
export function hostileNames(): readonly string[] {
  return [...new Set(Object.values(hostileNameGroups()).flat())]
}

/** Options of the check suites that use hostile names. */
export interface HostileNameOptions {
  /** The names to check. All of them take minutes on a slow backend; a sample is enough for most runs. @default hostileNames() */
  readonly hostileNames?: readonly string[] | undefined
}

/** The names in three parts, for checks that are slow with many names. Names that differ only by case or composition are in one part. */
export function hostileNameParts(all: readonly string[] = hostileNames()): readonly (readonly string[])[] {
  const { case: cases = [], composed = [] } = hostileNameGroups()
  const pairs = new Set([...cases, ...composed])
  const others = all.filter((name) => !pairs.has(name))
  const together = all.filter((name) => pairs.has(name))
  return [0, 1, 2].map((part) => [...(part === 0 ? together : []), ...others.filter((_, i) => i % 3 === part)])
}

/** Names that lead to another folder, or that a file system reads in another way. */
function pathNames() {
  return {
    traversal: names(String.raw`
      ..  .  ...  ../x  ../../etc/passwd  a/../../x  a/../b  ./a  a/./b  a//b  a/  /  //  /.  ..//x  a/..  .a  ..a  a..  a/.b
      ..\x  a\..\..\x  ..\..\windows\win.ini  .\a  a\  \  \\  ..;/x  ....//x  ..../x  a/b/../../../x`),
    absolute: names(String.raw`
      /etc/passwd  //server/share  /dev/null  /proc/self/environ  /tmp/x  C:\Windows\x  C:/Windows/x  c:x  Z:  \\server\share
      \\?\C:\x  \\.\PhysicalDrive0  \\.\pipe\x  file:///etc/passwd  file:x  s3://bucket/x  mlflow-artifacts:/0  ~  ~root/x  ~/x`),
    encoded: names(String.raw`
      %2e%2e%2fx  ..%2fx  ..%5cx  %2e%2e/x  ..%c0%af  %252e%252e%252fx  %00  a%00b  %2f  %5c  %  %%  %zz  a%20b  %u2215x  a%0ab
      ..%ef%bc%8fx  ．．／x  ..∕x  ․․/x  &#46;&#46;/x  \u002e\u002e/x  \x2e\x2e/x`),
    windows: [
      ...names(`
        CON  nul  AUX.txt  com1  LPT9.log  a/con  prn.tar.gz  COM¹  CONIN$  conout$  CLOCK$  desktop.ini  PROGRA~1  trailing.  a./b  a:b
        a::$DATA  a:stream:$DATA  a|b  a<b  a>b  a"b  a*b  a?b`),
      ...['trailing ', 'a /b', ' leading', ' ', '   ', '. ', ' .', 'CON ', 'nul .txt'],
    ],
  }
}

/** Names that a line format, a YAML parser or a JavaScript object reads as something else. */
function parserNames() {
  return {
    control: [
      ...['nul\u0000byte', 'a\u0000', '\u0000', 'line\nbreak', 'a\n', '\na', '\n', 'carriage\rreturn', 'a\r\nb', '\t', 'tab\there'],
      ...['bell\u0007', 'escape\u001b[31m', '\u001b]0;title\u0007', 'back\u0008space', 'a\u000bb', 'a\u000cb', 'del\u007f', 'a\u0085b'],
      ...['a\u009bb', 'a\u2028b', 'a\u2029b', '\ufeffbom', '1 2 3\n4 5 6', '1700000000000 0.5 1', 'key: value\nother: value', '\u0001'],
    ],
    yaml: names(`
      yes  no  on  Off  y  n  null  Null  ~null  true  False  0  00  010  0x1F  0o7  1_000  12:30  190:20:30  1e5  1.  .5  .inf  -.Inf
      .nan  2024-01-01  2024-01-01T00:00:00Z  -  -a  a:  :  :a  #  #x  a#b  &a  *a  !a  !!python/object  !!python/object/apply:os.system
      !!binary  %YAML  ---  ...  |  >  >-  [a]  {a}  {a:b}  ?  ?a  =  <<  @a  ,a`).concat(['- a', 'a: b', '# x', 'a # b', '--- a', '? a']),
    prototype: names(`
      __proto__  constructor  prototype  hasOwnProperty  toString  valueOf  __defineGetter__  __lookupSetter__  isPrototypeOf  then
      toJSON  length  name  __proto__/polluted  constructor/prototype/polluted`),
  }
}

/** Names that are code or syntax for a database, a page, a shell, a URL or a glob. */
function queryNames() {
  return {
    sql: [
      ...["' OR 1=1 --", "' OR '1'='1", '"; DROP TABLE runs; --', "'; DELETE FROM metrics; --", 'x" UNION SELECT 1', "x'/*", '*/x', '--'],
      ...['1; ATTACH DATABASE x AS y', "Robert'); DROP TABLE experiments;--", "x' AND randomblob(1)='"],
    ],
    filter: [
      ...[
        'metrics.a > 0',
        "a' OR name != '",
        "a' AND tags.x = 'y",
        'a`b',
        '`',
        "'",
        '"',
        `'"`,
        "it's",
        'say "x"',
        "name='x'",
        '_',
        'a%',
        'a_b',
      ],
      ...[
        'LIKE',
        'AND',
        'IS NULL',
        'params.`x`',
        'metrics.a',
        'tags.',
        'mlflow.runName',
        'mlflow.user',
        'mlflow.parentRunId',
        'ASC',
        'a DESC',
      ],
    ],
    markup: [
      ...['<script>alert(1)</script>', '</script><script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "'><svg onload=alert(1)>"],
      ...[
        '<!--',
        '-->',
        ']]>',
        '</title>',
        '</style>',
        '<a>',
        '&lt;b&gt;',
        '&amp;',
        'javascript:alert(1)',
        '" onmouseover="alert(1)',
        '<?php ?>',
      ],
      ...['{{7*7}}', '#{7*7}', '\u0024{7*7}', '<%= 7*7 %>', '{"a":1}', '\\u003cscript\\u003e', 'a{b="c"} 1', '\\"', 'x"\ny 1'],
    ],
    shell: names("$HOME  `id`  $(id)  %PATH%  ;id  |id  &id  !!  -rf  --help  -o/x  @file  a'b  *.*").concat(
      ...['; rm -rf x', '| cat', '&& true', '$(touch x)', '`touch x`', '> x', '< x'],
    ),
    address: names('?  a?b=c  #  a#b  &  a&b  +  a+b  %26  a=b  a;b  a@b  @  @latest  user:pass@host  http://x/  //x  a%2fb  a%3fb  [::1]'),
    glob: names(String.raw`*  **  ?  [a-z]  {a,b}  a*  *.bin  !(a)  \*`),
  }
}

/** Names that are long or look empty, and names that a file system may confuse with each other. */
function unicodeNames() {
  return {
    long: [
      ...[250, 251, 255, 256, 500, 501, 1000, 1025, 10_000, 70_000].map((length) => 'x'.repeat(length)),
      ...['é'.repeat(125), 'é'.repeat(128), 'é'.repeat(200), '日'.repeat(86), '😀'.repeat(64), '𝒜'.repeat(125), '𝒜'.repeat(126)],
      ...[`${'a/'.repeat(124)}b`, `${'a/'.repeat(130)}b`, `${'a/'.repeat(600)}b`, `${'..'}${'/..'.repeat(80)}`],
    ],
    empty: ['', ' ', '  ', '\u00a0', '\u200b', '\u3000', '\u2800'],
    unicode: [
      ...[
        '\u202egnp.exe',
        'a\u202eb',
        '\u200bzero',
        'a\u200db',
        '\ud800',
        'a\udc00b',
        '\udfff\ud800',
        '\ufffe',
        '\uffff',
        '\ufffd',
        '日本',
        '😀',
      ],
      ...[
        'раypal',
        'ａｄｍｉｎ',
        'ⅷ',
        '①',
        'a\u0300\u0301\u0302\u0303\u0304',
        '\u0301',
        'ﷺ',
        '𝒜',
        '\u{10ffff}',
        'ไทย',
        'عربي',
        '가',
        '\u{e0041}',
      ],
    ],
    composed: ['é', 'e\u0301', 'Å', '\u212b', 'A\u030a', '가나', '\u1100\u1161\u1102\u1161', 'Ω', '\u2126', 'ﬀ', 'ff'],
    case: ['case', 'Case', 'CASE', 'ß', 'ss', 'SS', 'İ', 'i', 'I', 'ı', 'K', '\u212a', 'k', 'ſ', 's', 'Σ', 'σ', 'ς', 'a/Case', 'A/case'],
  }
}

/** Names of files and folders that MLflow, the library or an archive uses itself. */
function reservedNames() {
  return {
    mlflow: names(`
      .trash  models  meta.yaml  tags  metrics  params  artifacts  aliases  inputs  outputs  datasets  traces  history  version-1  version-0
      0  1  -1  latest  LATEST  v1  V2  1.0  None  Production  Default  m-0  m-0123456789abcdef0123456789abcdef  mlruns  mlflow.db
      .millwright  millwright.json  MLmodel  mlmodel  input_example.json  .git/config  .env  tags/x  aliases/champion  version-1/meta.yaml`),
    archive: names(
      'a.zip  archive.json  files/x  __MACOSX/._x  ._x  .DS_Store  a.zip/b  a.tar.gz  PK  a.lock  a.tmp  index.html  .htaccess',
    ),
  }
}

/** The names in a text, separated by two spaces or a line end. */
function names(text: string): string[] {
  return text
    .trim()
    .split(/\s*\n\s*| {2,}/)
    .filter((name) => name !== '')
}
