// The small functions that docs/protocol.md describes: CRC-32C, the member's shard, request ids.
import { randomBytes } from 'node:crypto';

const crc_table = new Uint32Array(256).map((_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; ++bit) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

export function crc32c(...parts) {
  let crc = 0xffffffff;
  for (const part of parts)
    for (const byte of part) crc = crc_table[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

const u64 = (value) => BigInt.asUintN(64, value);

function swap_bytes(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes.readBigUInt64BE();
}

// XXH3-64 with a seed, for the 16 bytes of a member (docs/protocol.md, "Which shard").
export function member_hash(member, seed) {
  const a = member.high ^ u64(0x6782737bea4239b9n + seed);
  const b = member.low ^ u64(0xaf56bc3b0996523an - seed);
  const product = a * b;
  let hash = u64(16n + swap_bytes(a) + b + (u64(product) ^ (product >> 64n)));
  hash ^= hash >> 37n;
  hash = u64(hash * 0x165667919e3779f9n);
  return hash ^ (hash >> 32n);
}

// UUIDv7 layout: 48 bits of milliseconds, version, 12 random bits; variant, 62 random bits.
export function make_request_id(unix_ms = Date.now()) {
  const random = randomBytes(10);
  const high = (BigInt(unix_ms) << 16n) | 0x7000n | BigInt(random.readUInt16LE(0) & 0xfff);
  const low = (random.readBigUInt64LE(2) & 0x3fffffffffffffffn) | 0x8000000000000000n;
  return { high, low };
}
