// What a person sees: colours only on a terminal, one status line that is rewritten in place, times in words.

const colours = process.stdout.isTTY === true && !process.env.NO_COLOR;

const paint = (code) => (text) => (colours ? `\u001b[${code}m${text}\u001b[0m` : `${text}`);

export const bold = paint('1');
export const dim = paint('2');
export const red = paint('31');
export const green = paint('32');
export const yellow = paint('33');
export const blue = paint('34');
export const magenta = paint('35');
export const cyan = paint('36');

let statusShown = false;

/** Prints a whole line, above the status line when there is one. */
export function say(line = '') {
  clearStatus();
  process.stdout.write(`${line}\n`);
}

/** A line that the next one replaces. Without a terminal it would only fill a log, so nothing is printed. */
export function status(line) {
  if (!process.stdout.isTTY) return;
  const width = Math.max(20, (process.stdout.columns ?? 80) - 1);
  process.stdout.write(`\r\u001b[2K${line.length > width ? `${line.slice(0, width - 1)}…` : line}`);
  statusShown = true;
}

export function clearStatus() {
  if (!statusShown) return;
  process.stdout.write('\r\u001b[2K');
  statusShown = false;
}

export function duration(milliseconds) {
  if (milliseconds < 950) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

export function megabytes(bytes) {
  return `${Math.round(bytes / 1_000_000)} MB`;
}

/** A fault the person can mend: shown as its message alone, without a stack. */
export class Trouble extends Error {}

/** Runs a command's main function; a Trouble is shown as its message, anything else with its stack. */
export async function run(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    clearStatus();
    process.stderr.write(`${error instanceof Trouble ? `${red('✖')} ${error.message}` : error.stack}\n`);
    process.exitCode = 1;
  }
}
