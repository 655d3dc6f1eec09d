// Starts a real suanpand in a temporary directory, on ports that the system chooses.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const start_ms_max = 120_000;

export const partner = 9;

export class Server {
  #child;
  #folder = fs.mkdtempSync(path.join(os.tmpdir(), 'suanpan-node-'));

  constructor(binary) {
    this.binary = binary;
    this.key = Buffer.alloc(32, 0x5a);
    fs.writeFileSync(path.join(this.#folder, 'partners.toml'), `
[[partner]]
id = ${partner}
name = "node test"
key = "${this.key.toString('hex')}"
kinds = "all"
programs = [1]
`, { mode: 0o600 });
  }

  async start() {
    const ready_file = path.join(this.#folder, 'ready.json');
    fs.rmSync(ready_file, { force: true }); // of the run before
    const log = fs.openSync(path.join(this.#folder, 'log'), 'a');
    this.#child = spawn(this.binary, [
      '--data-dir', path.join(this.#folder, 'data'),
      '--partners-file', path.join(this.#folder, 'partners.toml'),
      '--ready-file', ready_file, '--port', '0', '--metrics-port', '0',
      '--segment-bytes', '64MiB', '--shards', '2',
    ], { stdio: ['ignore', log, log] });
    const ended = new Promise((resolve) => this.#child.on('exit', resolve));
    this.ended = ended;
    let has_ended = false;
    ended.then(() => { has_ended = true; });
    for (const until = Date.now() + start_ms_max; !fs.existsSync(ready_file);) {
      if (has_ended || Date.now() > until) throw new Error(`suanpand did not start:\n${this.log()}`);
      await pause(20);
    }
    this.ready = JSON.parse(fs.readFileSync(ready_file, 'utf8'));
    return this.ready;
  }

  log() {
    return fs.readFileSync(path.join(this.#folder, 'log'), 'utf8');
  }

  // Stops the process that start() made; its exit code.
  async stop(signal = 'SIGTERM') {
    this.#child.kill(signal);
    return this.ended;
  }

  remove() {
    if (this.#child?.exitCode === null) this.#child.kill('SIGKILL');
    fs.rmSync(this.#folder, { recursive: true, force: true });
  }
}
