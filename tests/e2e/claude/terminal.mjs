// Claude Code as a person uses it: interactive, in a pseudo-terminal of its own (script, from util-linux or the BSDs).
import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { until } from '../harness.mjs';

/** Why no pseudo-terminal can be had here, or false. */
export const noTerminal = process.platform === 'win32' ? 'script(1), which gives a pseudo-terminal, is not part of Windows' : false;

export class Terminal {
  #child;
  #shown = '';

  /** Starts a program; the test's end ends it. */
  static open(t, command, args, { cwd, env }) {
    const terminal = new Terminal();
    const quoted = [command, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    const line = `stty rows 50 cols 160; exec ${quoted}`;
    const way = process.platform === 'darwin' ? ['-q', '/dev/null', 'sh', '-c', line] : ['-qec', line, '/dev/null'];
    terminal.#child = spawn('script', way, { cwd, env: { ...env, TERM: 'xterm-256color', SHELL: '/bin/sh' }, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [terminal.#child.stdout, terminal.#child.stderr]) stream.setEncoding('utf8').on('data', (chunk) => (terminal.#shown += chunk));
    terminal.#child.stdin.on('error', () => {}); // it may have ended
    terminal.ended = new Promise((resolve) => terminal.#child.once('close', resolve));
    t.after(() => terminal.close());
    return terminal;
  }

  /** All that was printed, as it reached the terminal. */
  get raw() {
    return this.#shown;
  }

  /** All that was printed, without colours and movements: words keep their order, columns are lost. */
  get text() {
    // eslint-disable-next-line no-control-regex
    return this.#shown.replaceAll(/\u001b\[[0-9;?<>=]*[A-Za-z]|\u001b\][^\u0007\u001b]*(\u0007|\u001b\\)|\u001b[()][A-Z0-9]|\u001b[=>78]/g, ' ').replaceAll(/[ \r]+/g, ' ');
  }

  /** What was printed since a mark taken with `terminal.text.length`. */
  async shows(pattern, { since = 0, seconds = 60 } = {}) {
    try {
      return await until(`the terminal to show ${pattern}`, () => pattern.exec(this.text.slice(since)), seconds);
    } catch (error) {
      throw new Error(`${error.message}; it shows:\n${this.text.slice(-3000)}`, { cause: error });
    }
  }

  type(text) {
    this.#child.stdin.write(text);
  }

  /** Hangs up: script ends the program in it. */
  async close() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    await this.ended;
  }
}

/** A HOME in which Claude Code has been started before and trusts the workspace: no welcome, no question. */
export function beenHere(product) {
  fs.writeFileSync(path.join(product.home, '.claude.json'), JSON.stringify({
    hasCompletedOnboarding: true, theme: 'dark', numStartups: 5, bypassPermissionsModeAccepted: true,
    projects: { [product.workspace]: { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true, allowedTools: [] } },
  }));
}
