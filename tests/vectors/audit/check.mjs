// A second implementation of docs/audit-format.md, sharing nothing with the first: Node's own JSON, hashes and signatures.
//   node check.mjs                                       checks the vectors beside it
//   node check.mjs chain.jsonl checkpoints.txt ledger.pub   checks an exported chain (one canonical entry per line) against its checkpoints
import { createHash, createHmac, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const sha256 = data => createHash('sha256').update(data).digest();
const failures = [];
const check = (holds, what) => { if (!holds) failures.push(what); };

/** Canonical text of a JSON text, or null when it has none. Numbers need the literal, so this reads JSON itself. */
export function canonicalize(text) {
  let at = 0, depth = 0;
  const fail = () => { throw new SyntaxError(`at ${at}`); };
  const blank = () => { while (' \t\n\r'.includes(text[at] ?? 'x')) at++; };
  const take = pattern => { pattern.lastIndex = at; const m = pattern.exec(text); if (!m) fail(); at += m[0].length; return m[0]; };
  const string = () => {
    const value = JSON.parse(take(/"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y));
    if (!value.isWellFormed()) fail();
    return value;
  };
  const number = () => {
    const literal = take(/-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y);
    const value = Number(literal);
    if (/^-?[0-9]+$/.test(literal) && (!Number.isFinite(value) || BigInt(literal) !== shortest(value))) return literal;
    if (!Number.isFinite(value)) fail();
    return JSON.stringify(value);
  };
  const value = () => {
    blank();
    if (++depth > 129) fail();
    let out;
    if (text[at] === '{') {
      const members = new Map();
      at++; blank();
      if (text[at] !== '}') for (;;) {
        blank();
        const name = string(); blank(); take(/:/y);
        if (members.has(name)) fail();
        members.set(name, value()); blank();
        if (text[at] !== ',') break;
        at++;
      }
      take(/\}/y);
      const names = [...members.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
      out = `{${names.map(n => `${JSON.stringify(n)}:${members.get(n)}`).join(',')}}`;
      if (depth > 128) fail();
    } else if (text[at] === '[') {
      const items = [];
      at++; blank();
      if (text[at] !== ']') for (;;) {
        items.push(value()); blank();
        if (text[at] !== ',') break;
        at++;
      }
      take(/\]/y);
      out = `[${items.join(',')}]`;
      if (depth > 128) fail();
    } else if (text[at] === '"') out = JSON.stringify(string());
    else if (text[at] === '-' || /[0-9]/.test(text[at] ?? '')) out = number();
    else out = take(/true|false|null/y);
    depth--;
    return out;
  };
  try {
    const out = value();
    blank();
    return at === text.length ? out : null;
  } catch (e) {
    if (e instanceof SyntaxError) return null;
    throw e;
  }
}

/** The value of a double's shortest form: what a canonical number says. */
function shortest(value) {
  const [, sign, whole, fraction = '', exponent = '0'] = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:e([+-][0-9]+))?$/.exec(String(value));
  const digits = BigInt(whole + fraction) * 10n ** BigInt(Math.max(0, Number(exponent) - fraction.length));
  return sign ? -digits : digits;
}

/** The members of a signed checkpoint, or null when the text is not exactly one. */
export function readCheckpoint(text, publicKey) {
  const m = /^(editorbridge\/ledger\/([0-9a-f]{32})\n(0|[1-9][0-9]*)\n([A-Za-z0-9+/]{43}=)\nat ([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z)\nprevious (none|[A-Za-z0-9+/]{43}=)\n)\n— ([0-9a-f]{16}) ([A-Za-z0-9+/]{86}==)\n$/.exec(text);
  if (!m) return null;
  const keyId = sha256(publicKey.export({ type: 'spki', format: 'der' })).subarray(0, 8).toString('hex');
  const signed = m[7] === keyId && verify('sha256', Buffer.from(m[1]), { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(m[8], 'base64'));
  return { ledger: m[2], sequence: Number(m[3]), hash: Buffer.from(m[4], 'base64').toString('hex'), previous: m[6], signed, digest: sha256(text).toString('base64') };
}

function checkVectors() {
  const load = name => JSON.parse(readFileSync(new URL(name, import.meta.url)));
  for (const { json, canonical } of load('canonical-json.json')) check(canonicalize(json) === canonical, `canonical-json: ${json}`);
  for (const { name, entry, canonical, hash } of load('entries.json')) {
    check(canonicalize(JSON.stringify(entry)) === canonical, `entries: ${name}: canonical`);
    check(sha256(canonical).toString('hex') === hash, `entries: ${name}: hash`);
  }
  for (const { text, salt, commitment } of load('commitments.json')) {
    check(createHmac('sha256', Buffer.from(salt, 'hex')).update(text).digest('hex') === commitment, `commitments: ${text}`);
  }
  const { publicKey, notes } = load('checkpoints.json');
  const key = createPublicKey(publicKey);
  for (const { name, note, valid } of notes) check((readCheckpoint(note, key)?.signed ?? false) === valid, `checkpoints: ${name}`);
}

function checkChain(chainFile, checkpointsFile, publicKeyFile) {
  let previous = '0'.repeat(64), sequence = 0;
  const hashes = new Map();
  for (const line of readFileSync(chainFile, 'utf8').split('\n').filter(Boolean)) {
    const entry = JSON.parse(line);
    check(canonicalize(line) === line, `entry ${entry.sequence}: not canonical`);
    check(entry.sequence === ++sequence, `entry ${sequence} is missing`);
    check(entry.previous === previous, `entry ${sequence}: does not follow the one before`);
    previous = sha256(line).toString('hex');
    hashes.set(sequence, previous);
  }
  const key = createPublicKey(readFileSync(publicKeyFile));
  let before = 'none';
  for (const text of readFileSync(checkpointsFile, 'utf8').split(/(?<=^— .*\n)\n/m).filter(Boolean)) {
    const note = readCheckpoint(text, key);
    check(note?.signed, `checkpoint: ${text.split('\n')[1]}: signature`);
    check(note?.previous === before, `checkpoint ${note?.sequence}: does not follow the one before`);
    check(hashes.get(note?.sequence) === note?.hash, `checkpoint ${note?.sequence}: another entry`);
    before = note?.digest;
  }
  console.log(`${sequence} entries`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.length > 2) checkChain(...process.argv.slice(2));
  else checkVectors();
  failures.forEach(f => console.error(f));
  process.exitCode = failures.length ? 1 : 0;
}
