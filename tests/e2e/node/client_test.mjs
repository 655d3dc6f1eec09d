// A client written from docs/protocol.md alone, against a real suanpand.
//
//   node --test client_test.mjs      with SUANPAND (the binary) and SUANPAN_WIRE (a folder to write)
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { crc32c, make_request_id, member_hash } from './bits.mjs';
import { Connection, encode_frame } from './connection.mjs';
import { kind_numbers, Messages } from './messages.mjs';
import { partner, Server } from './server.mjs';
import { generate_wire } from './wire.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const code = {
  ok: 0, frame_damaged: 101, message_malformed: 103, hello_required: 104, hello_repeated: 105,
  authentication_failed: 106, amount_not_positive: 200, unknown_kind: 201, program_not_allowed: 203,
  batch_empty: 204, member_missing: 206, request_from_future: 208, request_id_reused: 213, quote_not_authentic: 214,
  rules_invalid: 216, offer_invalid: 230, quantity_out_of_range: 231,
  capture_exceeds_hold: 302, insufficient_points: 315, order_exists: 323, sold_out: 356, unknown_yet: 501, refused: 502,
};
const program = 1;
let members_made = 0n;
const new_member = () => ({ high: 0x6e6f6465n, low: ++members_made });
const event = (member, fields = {}) => ({ request_id: make_request_id(), member, program, ...fields });

let messages;
let server;
let ready;
let here; // a connection that has said hello

async function connect(port = ready.port) {
  const connection = new Connection(messages, port);
  connection.greeting = await connection.hello(partner, server.key);
  assert.equal(connection.greeting.result.code, code.ok);
  return connection;
}

async function member_with(points) {
  const member = new_member();
  const earned = await here.one('earn', event(member, { amount: points }));
  assert.equal(earned.code, code.ok);
  return member;
}

before(async () => {
  const schema = path.join(root, 'protocol/suanpan.fbs');
  messages = new Messages(generate_wire(schema, process.env.SUANPAN_WIRE ?? '/tmp/suanpan-node-wire'));
  server = new Server(process.env.SUANPAND ?? path.join(root, 'build/dev/server/suanpand'));
  ready = await server.start();
  here = await connect();
  const created = await here.create_program(
    { request_id: make_request_id(), program, version: 1, name: 'Node points', currency: 'CNY' });
  assert.equal(created.code, code.ok);
  assert.equal(created.detail, 1n);
});

after(async () => {
  await here?.close();
  server?.remove();
});

test('the page\'s own examples come out', () => {
  const page = fs.readFileSync(path.join(root, 'docs/protocol.md'), 'utf8');
  const section = page.slice(page.indexOf('## A spend, byte by byte'));
  const hex = [...section.matchAll(/^ {4}([0-9a-f]+) /gm)].map((match) => match[1]).join('');
  const body = messages.encode_batch('spend', [{
    request_id: { high: 0x0192000000007001n, low: 0x8000000000000002n },
    member: { high: 0x1111222233334444n, low: 0x5555666677778888n },
    program: 3, principal: 42, amount: 60n, min_remaining: 5n, restriction: 8, up_to: true,
  }]);
  assert.equal(encode_frame(kind_numbers.spend, body, 77n).toString('hex'), hex);
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  assert.equal(member_hash({ high: 0x1111222233334444n, low: 0x5555666677778888n }, 99n),
    0x361d32a079c1e9b2n);
});

test('the greeting says what a client needs', () => {
  assert.equal(here.greeting.protocol_version, 1);
  assert.deepEqual(here.greeting.shard_ports, ready.shard_ports);
  assert.equal(here.greeting.batch_events_max, 8192);
  assert.equal(here.greeting.sandbox, false);
});

test('ping is answered before hello, everything else is not', async () => {
  const silent = new Connection(messages, ready.port);
  await silent.challenge;
  assert.equal((await silent.ping()).code, code.ok);
  const [refused] = await silent.batch('balance', [event(new_member())]);
  assert.equal(refused.code, code.hello_required);
  await silent.closed;
});

test('a wrong key, an unknown partner and a second hello are refused', async () => {
  for (const [number, key] of [[partner, Buffer.alloc(32, 1)], [partner + 1, server.key]]) {
    const stranger = new Connection(messages, ready.port);
    const greeting = await stranger.hello(number, key);
    assert.equal(greeting.result.code, code.authentication_failed);
    assert.equal(greeting.hash_seed, 0n);
    await stranger.closed;
  }
  const twice = await connect();
  assert.equal((await twice.hello(partner, server.key)).result.code, code.hello_repeated);
  await twice.closed;
});

test('earn, spend, hold, capture and release move points', async () => {
  const member = await member_with(1000n);
  const spent = await here.one('spend', event(member, { amount: 300n }));
  assert.deepEqual([spent.code, spent.amount, spent.available], [code.ok, 300n, 700n]);

  const held = await here.one('hold', event(member, { amount: 200n }));
  assert.deepEqual([held.code, held.available, held.held], [code.ok, 500n, 200n]);
  const hold = Number(held.detail);
  const captured = await here.one('capture', event(member, { amount: 150n, hold }));
  assert.deepEqual([captured.code, captured.held, captured.detail], [code.ok, 50n, 50n]);
  const beyond = await here.one('capture', event(member, { amount: 51n, hold }));
  assert.equal(beyond.code, code.capture_exceeds_hold);
  const released = await here.one('release', event(member, { hold }));
  assert.deepEqual([released.code, released.amount, released.available], [code.ok, 50n, 550n]);

  const balance = await here.one('balance', { member, program });
  assert.deepEqual([balance.available, balance.held, balance.debt], [550n, 0n, 0n]);
});

test('a refund names the entry of the spend', async () => {
  const member = await member_with(80n);
  const spent = await here.one('spend', event(member, { amount: 80n }));
  const refunded = await here.one('refund', event(member, { original: spent.entry_id, amount: 30n }));
  assert.deepEqual([refunded.code, refunded.amount, refunded.available], [code.ok, 30n, 30n]);
});

test('a refusal says what is missing and consumes its id', async () => {
  const member = await member_with(10n);
  const wish = event(member, { amount: 25n });
  const refused = await here.one('spend', wish);
  assert.deepEqual([refused.code, refused.detail], [code.insufficient_points, 15n]);
  assert.equal((await here.one('earn', event(member, { amount: 100n }))).code, code.ok);
  assert.deepEqual(await here.one('spend', wish), refused);
  const looked_up = await here.one('lookup', { ...wish });
  assert.deepEqual([looked_up.code, looked_up.detail],
    [code.refused, BigInt(code.insufficient_points)]);
});

test('a repeat gets the first result byte for byte, after a crash too', async () => {
  const member = await member_with(100n);
  const wish = event(member, { amount: 40n });
  const body = messages.encode_batch('spend', [wish]);
  const first = await here.send(kind_numbers.spend, body);
  const again = await here.send(kind_numbers.spend, body);
  assert.equal(again.body.toString('hex'), first.body.toString('hex'));

  const other = await here.one('spend', { ...wish, amount: 41n });
  assert.equal(other.code, code.request_id_reused);

  await here.close();
  await server.stop('SIGKILL');
  ready = await server.start();
  here = await connect();
  const after_crash = await here.send(kind_numbers.spend, body);
  assert.equal(after_crash.body.toString('hex'), first.body.toString('hex'));
  assert.equal((await here.one('balance', { member, program })).available, 60n);
});

test('lookup tells an executed request from one that never came', async () => {
  const member = await member_with(5n);
  const wish = event(member, { amount: 5n });
  const spent = await here.one('spend', wish);
  assert.deepEqual(await here.one('lookup', { ...wish }), spent);
  const never = await here.one('lookup', event(member));
  assert.equal(never.code, code.unknown_yet);
});

test('the statement lists the newest first, page by page', async () => {
  const member = await member_with(100n);
  for (const amount of [1n, 2n, 3n]) await here.one('spend', event(member, { amount }));
  const page = await here.statement({ member, program, lines_max: 3 });
  assert.deepEqual(page.lines.map((line) => line.amount), [-3n, -2n, -1n]);
  assert.equal(page.lines[0].available, 94n);
  assert.notEqual(page.next, 0n);
  const rest = await here.statement({ member, program, before: page.next });
  assert.deepEqual(rest.lines.map((line) => [line.kind, line.amount]), [[kind_numbers.earn, 100n]]);
  assert.equal(rest.next, 0n);
});

test('expiring shows what ends soon', async () => {
  const member = new_member();
  const expires_at = BigInt(Date.now() + 3_600_000) * 1_000_000n;
  await here.one('earn', event(member, { amount: 7n, expires_at }));
  const reply = await here.expiring({ member, program, within_ms: 7_200_000n });
  assert.equal(reply.result.amount, 7n);
  assert.deepEqual(reply.rows, [{ expires_at, points: 7n }]);
});

test('an order is quoted, settled, confirmed and given back in part', async () => {
  const head = 'program = 1\nversion = 1\nauthor = "node"\neffective_from = 2026-01-01T00:00:00Z\n';
  const wrong = await here.put_rules(
    { request_id: make_request_id(), program, text: `${head}[[deduction]]\nid = 1\npoints = 0\n` });
  assert.equal(wrong.result.code, code.rules_invalid);
  assert.match(wrong.message, /deduction/);
  const put = await here.put_rules({
    request_id: make_request_id(), program,
    text: `${head}[[deduction]]\nid = 1\npoints = 10\nmoney = 100\n`,
  });
  assert.deepEqual([put.result.code, put.result.detail], [code.ok, 1n]);

  const member = await member_with(50n);
  const quote = await here.quote(
    { member, program, lines: [{ product: 1n, unit_price: 2000n, quantity: 1n }] });
  assert.equal(quote.result.code, code.ok);
  assert.deepEqual([quote.points, quote.value, quote.cash], [50n, 500n, 1500n]);
  const spendable = quote.limits.find(({ kind }) => kind === 33);
  assert.deepEqual([spendable.value, spendable.bound], [50n, true]);

  const altered = Uint8Array.from(quote.token);
  altered[altered.length - 1] ^= 1;
  const forged = await here.change_order('settle', event(member, { order: 'N-1', token: altered }));
  assert.equal(forged.code, code.quote_not_authentic);
  const settled = await here.change_order('settle', event(member, { order: 'N-1', token: quote.token }));
  assert.deepEqual([settled.code, settled.held, settled.detail], [code.ok, 50n, 1n]);
  const again = await here.change_order('settle', event(member, { order: 'N-2', token: quote.token }));
  assert.deepEqual([again.code, again.detail], [code.order_exists, 1n]);
  const paid = await here.change_order('confirm',
    event(member, { order: 'N-1', payment: 'card', amount: 1500n, currency: 'CNY' }));
  assert.deepEqual([paid.code, paid.amount, paid.held, paid.detail], [code.ok, 50n, 0n, 2n]);

  const back = await here.change_order('refund_order', event(member, { order: 'N-1', amount: 333n }));
  assert.deepEqual([back.code, back.amount, back.detail], [code.ok, 8n, 250n]);
  const order = await here.order({ member, program, order: 'N-1' });
  assert.deepEqual([order.state, order.refunded, order.refunded_points, order.refunded_cash],
    [2, 333n, 8n, 250n]);
});

test('an offer is put, listed, redeemed by place in line, and sold out', async () => {
  const offer = `[[offer]]\nid = 5\nversion = 1\nprogram = ${program}\nname = "茶卡"\nkind = "counted"\nstock = 3\n`
    + 'points = 100\nstart = 2026-01-01T00:00:00Z\n';
  const put = (text) => here.put_offers({ request_id: make_request_id(), program, version: 1, text });
  const wrong = await put(offer.replace('stock = 3', 'stock = -3'));
  assert.equal(wrong.result.code, code.offer_invalid);
  assert.match(wrong.message, /stock/);
  assert.equal((await put(offer)).result.code, code.ok);

  const shoppers = await Promise.all(Array.from({ length: 5 }, () => member_with(150n)));
  const listed = await here.offers({ member: shoppers[0], program });
  assert.deepEqual(listed.rows.map(({ offer, name, points, units_max }) => [offer, name, points, units_max]),
    [[5, '茶卡', 100n, 1n]]);
  const wishes = shoppers.map((member) => event(member, { offer: 5 }));
  const answers = await Promise.all(wishes.map((wish) => here.redeem(wish)));
  const served = answers.filter(({ result }) => result.code === code.ok);
  assert.deepEqual(served.map(({ ticket }) => ticket).sort(), [1n, 2n, 3n]);
  assert.ok(served.every(({ result, vouchers }) => result.amount === 100n && vouchers.length === 1));
  assert.equal(answers.filter(({ result }) => result.code === code.sold_out).length, 2);
  for (const [i, wish] of wishes.entries()) assert.deepEqual(await here.redeem(wish), answers[i]);
  const none = await here.redeem(event(shoppers[0], { offer: 5, quantity: 0n }));
  assert.deepEqual([none.result.code, none.result.detail], [code.quantity_out_of_range, 1000n]);
});

test('a batch of a hundred is answered in its order', async () => {
  const member = await member_with(4950n);
  const wishes = Array.from({ length: 100 }, (_, i) => event(member, { amount: BigInt(i) }));
  const results = await here.batch('spend', wishes);
  assert.equal(results.length, 100);
  assert.equal(results[0].code, code.amount_not_positive);
  let left = 4950n;
  for (let i = 1; i < 100; ++i) {
    left -= BigInt(i);
    assert.deepEqual([results[i].code, results[i].available], [code.ok, left]);
  }
  assert.equal(left, 0n);
});

test('many frames in flight are all answered', async () => {
  const members = Array.from({ length: 50 }, new_member);
  const results = await Promise.all(members.map((member) => here.one('earn', event(member, { amount: 3n }))));
  assert.ok(results.every((result) => result.code === code.ok && result.available === 3n));
  assert.equal(new Set(results.map((result) => result.entry_id)).size, 50);
});

test('a member is served at its own shard\'s port and at any other', async () => {
  const { hash_seed, shard_ports } = here.greeting;
  const member = new_member();
  const own = Number(member_hash(member, hash_seed) % BigInt(shard_ports.length));
  for (const [turn, place] of [own, 1 - own].entries()) {
    const there = await connect(shard_ports[place]);
    const earned = await there.one('earn', event(member, { amount: 2n }));
    assert.deepEqual([earned.code, earned.available], [code.ok, 2n * BigInt(turn + 1)]);
    await there.close();
  }
});

// The ledger's clock stood still once, while that of ping went on.
test('an entry carries the time at which it was made', async () => {
  const member = new_member();
  const first = await here.one('earn', event(member, { amount: 1n }));
  let asked = first.time;
  while (asked < first.time + 20_000_000n) asked = (await here.ping()).time;
  const second = await here.one('earn', event(member, { amount: 1n }));
  assert.ok(second.time >= asked, `${second.time} is before ${asked}`);
});

test('wrong events are refused one by one', async () => {
  const member = new_member();
  const results = await here.batch('earn', [
    event(member, { amount: 5n }),
    event({ high: 0n, low: 0n }, { amount: 5n }),
    event(member, { amount: 5n, program: 2 }),
    { ...event(member, { amount: 5n }), request_id: make_request_id(Date.now() + 120_000) },
  ]);
  assert.deepEqual(results.map((result) => result.code),
    [code.ok, code.member_missing, code.program_not_allowed, code.request_from_future]);
});

test('an unknown kind is answered and the connection lives on', async () => {
  const reply = await here.send(999, messages.encode_ping());
  assert.equal(messages.decode_results(reply.body)[0].code, code.unknown_kind);
  const empty = await here.batch('spend', []);
  assert.deepEqual(empty.map((result) => result.code), [code.batch_empty]);
  assert.equal((await here.ping()).code, code.ok);
});

test('garbage is answered with a code, and only its own connection closes', async () => {
  const bad_body = await connect();
  const reply = await bad_body.send(kind_numbers.spend, Buffer.alloc(40, 0xff));
  assert.equal(messages.decode_results(reply.body)[0].code, code.message_malformed);
  await bad_body.closed;

  const bad_header = await connect();
  bad_header.send_raw(Buffer.alloc(24, 0xab));
  await bad_header.closed;
  assert.equal(bad_header.unasked.length, 1);
  assert.equal((await here.ping()).code, code.ok);
});

test('the server stops in order', async () => {
  await here.close();
  assert.equal(await server.stop(), 0);
});
