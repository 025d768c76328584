// The log, checked in the browser: is each entry what its person was shown, and in the public log?
//
// docs/protocol.md says what is hashed. Nothing is believed but the checkpoint's signature: tiles
// count only if they lead to its root. This code comes from the hub.

const TILE = 256;
const HEIGHT = 8;
const LEAF_BYTES = 81;
const text = new TextEncoder();
const PERSON = text.encode("mydata-hub/log/person/v1\n");
const TAG = text.encode("mydata-hub/log/tag/v1\n");
const UNKEYED = text.encode("mydata-hub/log/unkeyed-tag/v1\n");

export function decode(encoded) {
  const binary = atob(encoded.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

/** The log at one checkpoint, whose signature was checked where the browser can (`signed`). */
export async function openLog() {
  const [note, vkey] = await Promise.all([read("/log/checkpoint"), read("/log/key")]);
  const [body, signatures] = note.split("\n\n");
  const [origin, size, root] = body.split("\n");
  const signed = await verifySignature(`${body}\n`, signatures ?? "", vkey.trim(), origin);
  return { size: Number(size), root: decode(root), signed, tiles: new Map(), hashes: new Map() };
}

/** What is wrong with an entry, as a word; an empty one where everything is as it should be. */
export async function problemOf(log, entry, periods) {
  if (entry.index === null || !entry.leaf) return "waiting";
  const leaf = decode(entry.leaf);
  const salt = decode(entry.salt);
  const payload = decode(entry.payload);
  const [tag, person, audit] = [leaf.slice(1, 17), leaf.slice(17, 49), leaf.slice(49)];
  if (leaf.length !== LEAF_BYTES || leaf[0] !== 1) return "leaf";
  if (!same(await sha256(PERSON, salt, payload), person)) return "opening";
  const event = JSON.parse(new TextDecoder().decode(payload));
  if (event.event_id !== entry.event_id || event.kind !== entry.kind) return "opening";
  const key = entry.period && periods[entry.period]?.tag_key;
  const keyed = key && same((await hmac(decode(key), TAG, person, audit)).slice(0, 16), tag);
  if (!keyed && !same((await sha256(UNKEYED, salt)).slice(0, 16), tag)) return "tag";
  if (entry.index >= log.size) return "waiting";
  const found = await rootWith(log, 0, log.size, entry.index, await sha256([0], leaf));
  return same(found, log.root) ? "" : "log";
}

// RFC 6962 section 2.1: the root of [low, high) if the entry at `index` has this hash.
async function rootWith(log, low, high, index, hash) {
  if (high - low === 1) return hash;
  const middle = low + largestPowerBelow(high - low);
  if (index < middle) {
    return node(await rootWith(log, low, middle, index, hash), await subtree(log, middle, high));
  }
  return node(await subtree(log, low, middle), await rootWith(log, middle, high, index, hash));
}

async function subtree(log, low, high) {
  const name = `${low}-${high}`;
  if (!log.hashes.has(name)) log.hashes.set(name, await computed(log, low, high));
  return log.hashes.get(name);
}

async function computed(log, low, high) {
  const width = high - low;
  const level = Math.log2(width);
  // What a tile holds at its own level is read; all else is made of two halves.
  if (Number.isInteger(level) && level % HEIGHT === 0) return stored(log, level / HEIGHT, low / width);
  const middle = low + largestPowerBelow(width);
  return node(await subtree(log, low, middle), await subtree(log, middle, high));
}

async function stored(log, level, position) {
  const tile = Math.floor(position / TILE);
  const count = Math.floor(log.size / TILE ** level);
  const width = Math.min(TILE, count - tile * TILE);
  const path = `/log/tile/${level}/${tileName(tile)}${width < TILE ? `.p/${width}` : ""}`;
  if (!log.tiles.has(path)) log.tiles.set(path, readBytes(path));
  const bytes = await log.tiles.get(path);
  const at = (position % TILE) * 32;
  return bytes.slice(at, at + 32);
}

function tileName(number) {
  const groups = [];
  do {
    groups.unshift(String(number % 1000).padStart(3, "0"));
    number = Math.floor(number / 1000);
  } while (number > 0);
  return groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join("/");
}

function largestPowerBelow(count) {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

async function verifySignature(body, lines, vkey, origin) {
  const [name, id, ...rest] = vkey.split("+");
  const key = decode(rest.join("+"));
  if (name !== origin || key[0] !== 1) return false;
  let imported;
  try {
    imported = await crypto.subtle.importKey("raw", key.slice(1), "Ed25519", false, ["verify"]);
  } catch {
    return null; // this browser has no Ed25519
  }
  for (const line of lines.split("\n")) {
    const [dash, signer, encoded] = line.split(" ");
    if (dash !== "—" || signer !== name || !encoded) continue;
    const bytes = decode(encoded);
    const hex = [...bytes.slice(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    if (hex !== id) continue;
    return crypto.subtle.verify("Ed25519", imported, bytes.slice(4), text.encode(body));
  }
  return false;
}

function node(left, right) {
  return sha256([1], left, right);
}

async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined(parts)));
}

async function hmac(key, ...parts) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, joined(parts)));
}

function joined(parts) {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

function same(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

async function read(path) {
  return new TextDecoder().decode(await readBytes(path));
}

async function readBytes(path) {
  const answer = await fetch(path, { redirect: "error" });
  if (!answer.ok) throw new Error(path);
  return new Uint8Array(await answer.arrayBuffer());
}
