// Requests and replies as plain objects, to and from the generated types of the schema.

// Kinds whose body is a batch of events: number, type of the event, its fields behind the head.
const batches = {
  earn: [10, 'Earn', { amount: 0n, active_from: 0n, expires_at: 0n, restriction: 0, origin: 0 }],
  spend: [11, 'Spend', { amount: 0n, min_remaining: 0n, restriction: 0, up_to: false }],
  hold: [12, 'Hold', { amount: 0n, min_remaining: 0n, duration_ms: 0n, restriction: 0, up_to: false }],
  capture: [13, 'Capture', { amount: 0n, hold: 0 }],
  release: [14, 'Release', { hold: 0 }],
  refund: [15, 'Refund', { original: 0n, amount: 0n, reason: 0, grace_days: 0 }],
  revoke: [16, 'Revoke', { original: 0n, amount: 0n }],
  balance: [30, 'Balance', {}],
  lookup: [32, 'Lookup', {}],
};
const singles = {
  hello: 2, ping: 3, settle: 22, confirm: 23, refund_order: 25, statement: 31, expiring: 33, quote: 34,
  order: 35, program_create: 40, rules_put: 42, redeem: 26, offers: 38, offers_put: 43,
};

export const kind_numbers = { ...singles };
for (const [kind, [number]] of Object.entries(batches)) kind_numbers[kind] = number;

const zero_id = { high: 0n, low: 0n };

export class Messages {
  constructor(wire) {
    this.wire = wire;
  }

  // The body of a frame with these events, each { member, program, request_id, ...fields }.
  encode_batch(kind, events) {
    const [, type, fields] = batches[kind];
    const builder = new this.wire.flatbuffers.Builder(1024);
    const Batch = this.wire[`${type}Batch`];
    const Event = this.wire[`${type}Event`];
    Batch.startEventsVector(builder, events.length);
    for (const event of [...events].reverse()) {
      const id = event.request_id ?? zero_id;
      const head = [id.high, id.low, event.member.high, event.member.low, event.program,
        event.principal ?? 0];
      const rest = Object.keys(fields).map((name) => event[name] ?? fields[name]);
      Event[`create${type}Event`](builder, ...head, ...rest);
    }
    const vector = builder.endVector();
    builder.finish(Batch[`create${type}Batch`](builder, vector));
    return builder.asUint8Array();
  }

  encode_hello({ partner, nonce, mac, client }) {
    return this.#table('HelloRequest', (builder, Type) => {
      const nonce_at = Type.createNonceVector(builder, nonce);
      const mac_at = Type.createMacVector(builder, mac);
      const client_at = builder.createString(client);
      return () => {
        Type.addPartner(builder, partner);
        Type.addNonce(builder, nonce_at);
        Type.addMac(builder, mac_at);
        Type.addClient(builder, client_at);
      };
    });
  }

  encode_ping() {
    return this.#table('PingRequest', () => () => {});
  }

  encode_statement({ member, program, before = 0n, lines_max = 50 }) {
    return this.#table('StatementRequest', (builder, Type) => () => {
      Type.addMember(builder, this.#id(builder, member));
      Type.addProgram(builder, program);
      Type.addBefore(builder, before);
      Type.addLinesMax(builder, lines_max);
    });
  }

  encode_expiring({ member, program, within_ms }) {
    return this.#table('ExpiringRequest', (builder, Type) => () => {
      Type.addMember(builder, this.#id(builder, member));
      Type.addProgram(builder, program);
      Type.addWithinMs(builder, within_ms);
    });
  }

  encode_program({ request_id, program, version, name, currency }) {
    return this.#table('ProgramRequest', (builder, Type) => {
      const name_at = builder.createString(name);
      const currency_at = builder.createString(currency);
      return () => {
        Type.addRequestId(builder, this.#id(builder, request_id));
        Type.addProgram(builder, program);
        Type.addVersion(builder, version);
        Type.addName(builder, name_at);
        Type.addCurrency(builder, currency_at);
      };
    });
  }

  encode_rules({ request_id, program, text }) {
    return this.#table('RulesRequest', (builder, Type) => {
      const text_at = builder.createString(text);
      return () => {
        Type.addRequestId(builder, this.#id(builder, request_id));
        Type.addProgram(builder, program);
        Type.addText(builder, text_at);
      };
    });
  }

  // lines: [{ product, unit_price, quantity }]
  encode_quote({ member, program, lines }) {
    return this.#table('QuoteRequest', (builder, Type) => {
      Type.startLinesVector(builder, lines.length);
      for (const { product, unit_price, quantity } of [...lines].reverse())
        this.wire.AskedLine.createAskedLine(builder, product, unit_price, quantity, 0, 0);
      const lines_at = builder.endVector();
      return () => {
        Type.addMember(builder, this.#id(builder, member));
        Type.addProgram(builder, program);
        Type.addLines(builder, lines_at);
      };
    });
  }

  encode_settle(request) {
    return this.#about_order('SettleRequest', request, (builder, Type) => {
      const token_at = Type.createTokenVector(builder, request.token);
      return () => Type.addToken(builder, token_at);
    });
  }

  encode_confirm(request) {
    return this.#about_order('ConfirmRequest', request, (builder, Type) => {
      const payment_at = builder.createString(request.payment);
      const currency_at = builder.createString(request.currency);
      return () => {
        Type.addPayment(builder, payment_at);
        Type.addAmount(builder, request.amount);
        Type.addCurrency(builder, currency_at);
      };
    });
  }

  encode_refund_order(request) {
    return this.#about_order('RefundOrderRequest', request,
      (builder, Type) => () => Type.addAmount(builder, request.amount));
  }

  encode_offers_put({ request_id, program, version, text }) {
    return this.#table('OffersPutRequest', (builder, Type) => {
      const text_at = builder.createString(text);
      return () => {
        Type.addRequestId(builder, this.#id(builder, request_id));
        Type.addProgram(builder, program);
        Type.addVersion(builder, version);
        Type.addText(builder, text_at);
      };
    });
  }

  encode_redeem({ request_id, member, program, offer, quantity = 1n, origin = 0n }) {
    return this.#table('RedeemRequest', (builder, Type) => () => {
      Type.addRequestId(builder, this.#id(builder, request_id));
      Type.addMember(builder, this.#id(builder, member));
      Type.addProgram(builder, program);
      Type.addOffer(builder, offer);
      Type.addQuantity(builder, quantity);
      Type.addOrigin(builder, origin);
    });
  }

  encode_offers({ member, program, after = 0 }) {
    return this.#table('OffersRequest', (builder, Type) => () => {
      Type.addMember(builder, this.#id(builder, member));
      Type.addProgram(builder, program);
      Type.addAfter(builder, after);
    });
  }

  encode_order({ member, program, order }) {
    return this.#table('OrderRequest', (builder, Type) => {
      const order_at = builder.createString(order);
      return () => {
        Type.addMember(builder, this.#id(builder, member));
        Type.addProgram(builder, program);
        Type.addOrder(builder, order_at);
      };
    });
  }

  decode_challenge(body) {
    return Buffer.from(this.#root('Challenge', body).challengeArray());
  }

  decode_greeting(body) {
    const greeting = this.#root('Greeting', body);
    const shard_ports = [];
    for (let i = 0; i < greeting.shardPortsLength(); ++i) shard_ports.push(greeting.shardPorts(i));
    return {
      result: this.#result(greeting.result()),
      protocol_version: greeting.protocolVersion(),
      shard_ports,
      hash_seed: greeting.hashSeed(),
      request_floor_ms: greeting.requestFloorMs(),
      batch_events_max: greeting.batchEventsMax(),
      sandbox: greeting.sandbox(),
      server_version: greeting.serverVersion(),
    };
  }

  decode_results(body) {
    const batch = this.#root('ResultBatch', body);
    const results = [];
    for (let i = 0; i < batch.resultsLength(); ++i) results.push(this.#result(batch.results(i)));
    return results;
  }

  decode_statement(body) {
    const reply = this.#root('StatementReply', body);
    const lines = [];
    for (let i = 0; i < reply.linesLength(); ++i) {
      const line = reply.lines(i);
      lines.push({
        entry_id: line.entryId(),
        kind: line.kind(),
        amount: line.amount(),
        available: line.available(),
        reference: line.reference(),
      });
    }
    return { result: this.#result(reply.result()), lines, next: reply.next() };
  }

  decode_expiring(body) {
    const reply = this.#root('ExpiringReply', body);
    const rows = [];
    for (let i = 0; i < reply.rowsLength(); ++i)
      rows.push({ expires_at: reply.rows(i).expiresAt(), points: reply.rows(i).points() });
    return { result: this.#result(reply.result()), rows };
  }

  decode_rules(body) {
    const reply = this.#root('RulesReply', body);
    return { result: this.#result(reply.result()), message: reply.message() };
  }

  decode_redeem(body) {
    const reply = this.#root('RedeemReply', body);
    const vouchers = [];
    for (let i = 0; i < reply.vouchersLength(); ++i) {
      const number = reply.vouchers(i).number();
      vouchers.push({
        home: number.home(), ticket: number.ticket(), offer: number.offer(), unit: number.unit(),
        expires_at: reply.vouchers(i).expiresAt(),
        code: i < reply.codesLength() ? reply.codes(i) : null,
      });
    }
    return { result: this.#result(reply.result()), offer: reply.offer(), ticket: reply.ticket(), vouchers };
  }

  decode_offers(body) {
    const reply = this.#root('OffersReply', body);
    const rows = [];
    for (let i = 0; i < reply.rowsLength(); ++i) {
      const row = reply.rows(i);
      rows.push({
        offer: row.offer(), name: reply.names(i), points: row.points(), stock_left: row.stockLeft(),
        units_max: row.unitsMax(), kind: row.kind(),
      });
    }
    return { result: this.#result(reply.result()), rows, next: reply.next() };
  }

  decode_quote(body) {
    const reply = this.#root('QuoteReply', body);
    const limits = [];
    for (let i = 0; i < reply.limitsLength(); ++i) {
      const limit = reply.limits(i);
      limits.push({ kind: limit.kind(), value: limit.value(), bound: limit.bound() });
    }
    return {
      result: this.#result(reply.result()),
      points: reply.points(),
      value: reply.value(),
      cash: reply.cash(),
      limits,
      token: reply.tokenArray(),
    };
  }

  decode_order(body) {
    const reply = this.#root('OrderReply', body);
    return {
      result: this.#result(reply.result()),
      state: reply.state(),
      refunded: reply.refunded(),
      refunded_points: reply.refundedPoints(),
      refunded_cash: reply.refundedCash(),
    };
  }

  // A change of an order: head and name here, the rest by `fill`.
  #about_order(name, { request_id, member, program, order }, fill) {
    return this.#table(name, (builder, Type) => {
      const order_at = builder.createString(order);
      const add_rest = fill(builder, Type);
      return () => {
        Type.addRequestId(builder, this.#id(builder, request_id));
        Type.addMember(builder, this.#id(builder, member));
        Type.addProgram(builder, program);
        Type.addOrder(builder, order_at);
        add_rest();
      };
    });
  }

  #table(name, fill) {
    const builder = new this.wire.flatbuffers.Builder(256);
    const Type = this.wire[name];
    const add_fields = fill(builder, Type); // vectors and strings stand before their table
    Type[`start${name}`](builder);
    add_fields();
    builder.finish(Type[`end${name}`](builder));
    return builder.asUint8Array();
  }

  #id(builder, { high, low }) {
    return this.wire.Id128.createId128(builder, high, low);
  }

  #root(name, body) {
    return this.wire[name][`getRootAs${name}`](new this.wire.flatbuffers.ByteBuffer(body));
  }

  #result(from) {
    return {
      code: from.code(),
      retry_after_ms: from.retryAfterMs(),
      entry_id: from.entryId(),
      time: from.time(),
      available: from.available(),
      held: from.held(),
      pending: from.pending(),
      debt: from.debt(),
      amount: from.amount(),
      detail: from.detail(),
    };
  }
}
