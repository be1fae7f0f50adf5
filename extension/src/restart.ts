/** Runs one action at a time: a wish during a run leads to exactly one more run after it, however often it was uttered. */
export class OneAtATime {
  private running: Promise<void> | undefined;
  private wishes = 0;

  constructor(private readonly action: () => Promise<void>) {}

  run(): Promise<void> {
    this.wishes++;
    if (this.running) return this.running;
    this.running = this.loop().finally(() => (this.running = undefined));
    return this.running;
  }

  private async loop(): Promise<void> {
    const served = this.wishes;
    await this.action();
    if (this.wishes !== served) await this.loop();
  }
}

/** How often the backend may die before we stop starting it again. */
export const MAX_CRASHES = 5;
const WINDOW_MS = 180_000;
const FIRST_DELAY_MS = 250;

/** Decides what follows a crash: wait a little longer each time, and give up after {@link MAX_CRASHES} within three minutes. */
export class CrashHistory {
  private crashes: number[] = [];

  /** @returns milliseconds to wait before the next start, or undefined to give up. */
  record(now: number): number | undefined {
    this.crashes = [...this.crashes.filter((at) => now - at < WINDOW_MS), now];
    return this.crashes.length >= MAX_CRASHES ? undefined : FIRST_DELAY_MS * 2 ** (this.crashes.length - 1);
  }

  clear(): void {
    this.crashes = [];
  }
}
