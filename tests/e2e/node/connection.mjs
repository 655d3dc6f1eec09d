// One connection to suanpand: frames, the handshake, and many requests in flight.
import { createHmac, randomBytes } from 'node:crypto';
import net from 'node:net';

import { crc32c } from './bits.mjs';
import { kind_numbers } from './messages.mjs';

const header_bytes = 24;
const flag_reply = 1;

export function encode_frame(kind, body, correlation_id) {
  const frame = Buffer.alloc(header_bytes + body.length);
  frame.writeUInt32LE(body.length, 0);
  frame.writeUInt16LE(1, 4); // version
  frame.writeUInt16LE(kind, 6);
  frame.writeBigUInt64LE(correlation_id, 16);
  frame.writeUInt32LE(crc32c(frame.subarray(0, 12), frame.subarray(16, 24)), 12);
  frame.set(body, header_bytes);
  return frame;
}

// The first whole frame of `bytes`, or nothing.
export function decode_frame(bytes) {
  if (bytes.length < header_bytes) return undefined;
  const crc = crc32c(bytes.subarray(0, 12), bytes.subarray(16, 24));
  if (crc !== bytes.readUInt32LE(12)) throw new Error('a reply with a damaged header');
  const end = header_bytes + bytes.readUInt32LE(0);
  if (bytes.length < end) return undefined;
  return {
    kind: bytes.readUInt16LE(6),
    is_reply: (bytes.readUInt32LE(8) & flag_reply) !== 0,
    correlation_id: bytes.readBigUInt64LE(16),
    body: bytes.subarray(header_bytes, end),
    bytes: end,
  };
}

export class Connection {
  #messages;
  #socket;
  #received = Buffer.alloc(0);
  #waiting = new Map(); // by correlation id: what to do with the reply
  #next_id = 1n;

  // `unasked` gets the frames that answer nothing: those of a connection that is being closed.
  constructor(messages, port, host = '127.0.0.1') {
    this.#messages = messages;
    this.unasked = [];
    this.challenge = new Promise((resolve, reject) =>
      this.#waiting.set(0n, { resolve: (frame) => resolve(messages.decode_challenge(frame.body)), reject }));
    this.closed = new Promise((resolve) => {
      this.#socket = net.connect(port, host);
      this.#socket.setNoDelay(true);
      this.#socket.on('data', (bytes) => this.#receive(bytes));
      this.#socket.on('error', () => {}); // 'close' follows
      this.#socket.on('close', () => {
        for (const { reject } of this.#waiting.values()) reject(new Error('connection closed'));
        this.#waiting.clear();
        resolve();
      });
    });
    this.challenge.catch(() => {});
  }

  close() {
    this.#socket.destroy();
    return this.closed;
  }

  send_raw(bytes) {
    this.#socket.write(bytes);
  }

  // Sends one frame; the reply's whole frame.
  send(kind, body) {
    const id = this.#next_id++;
    this.#socket.write(encode_frame(kind, body, id));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  async hello(partner, key, client = 'suanpan-node-test 1') {
    const challenge = await this.challenge;
    const nonce = randomBytes(16);
    const number = Buffer.alloc(4);
    number.writeUInt32LE(partner);
    const mac = createHmac('sha256', key)
      .update('suanpan hello 1').update(challenge).update(nonce).update(number).digest();
    const reply = await this.send(kind_numbers.hello,
      this.#messages.encode_hello({ partner, nonce, mac, client }));
    return this.#messages.decode_greeting(reply.body);
  }

  async batch(kind, events) {
    const reply = await this.send(kind_numbers[kind], this.#messages.encode_batch(kind, events));
    return this.#messages.decode_results(reply.body);
  }

  async one(kind, event) {
    return (await this.batch(kind, [event]))[0];
  }

  async ping() {
    const reply = await this.send(kind_numbers.ping, this.#messages.encode_ping());
    return this.#messages.decode_results(reply.body)[0];
  }

  async create_program(program) {
    const reply = await this.send(kind_numbers.program_create, this.#messages.encode_program(program));
    return this.#messages.decode_results(reply.body)[0];
  }

  async statement(request) {
    const reply = await this.send(kind_numbers.statement, this.#messages.encode_statement(request));
    return this.#messages.decode_statement(reply.body);
  }

  async expiring(request) {
    const reply = await this.send(kind_numbers.expiring, this.#messages.encode_expiring(request));
    return this.#messages.decode_expiring(reply.body);
  }

  async put_rules(rules) {
    const reply = await this.send(kind_numbers.rules_put, this.#messages.encode_rules(rules));
    return this.#messages.decode_rules(reply.body);
  }

  async quote(request) {
    const reply = await this.send(kind_numbers.quote, this.#messages.encode_quote(request));
    return this.#messages.decode_quote(reply.body);
  }

  // settle, confirm, refund_order
  async change_order(kind, request) {
    const reply = await this.send(kind_numbers[kind], this.#messages[`encode_${kind}`](request));
    return this.#messages.decode_results(reply.body)[0];
  }

  async order(request) {
    const reply = await this.send(kind_numbers.order, this.#messages.encode_order(request));
    return this.#messages.decode_order(reply.body);
  }

  async put_offers(request) {
    const reply = await this.send(kind_numbers.offers_put, this.#messages.encode_offers_put(request));
    return this.#messages.decode_rules(reply.body);
  }

  async redeem(request) {
    const reply = await this.send(kind_numbers.redeem, this.#messages.encode_redeem(request));
    return this.#messages.decode_redeem(reply.body);
  }

  async offers(request) {
    const reply = await this.send(kind_numbers.offers, this.#messages.encode_offers(request));
    return this.#messages.decode_offers(reply.body);
  }

  #receive(bytes) {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (let frame; (frame = decode_frame(this.#received)) !== undefined;) {
      this.#received = this.#received.subarray(frame.bytes);
      const waiting = this.#waiting.get(frame.correlation_id);
      this.#waiting.delete(frame.correlation_id);
      if (waiting !== undefined) waiting.resolve(frame);
      else this.unasked.push(frame);
    }
  }
}
