import * as fs from 'node:fs';
import * as path from 'node:path';
import { OneAtATime } from './restart';

/**
 * What a person typed into reviews that still wait, kept over a reload of the window: a file each, for this person's eyes only. Files of
 * our own, because VS Code's storage for extensions is written by the window, which may be gone before it gets to it.
 */
export class Drafts {
  private readonly texts = new Map<string, string>();
  private readonly unwritten = new Set<string>();
  private readonly writing: OneAtATime;

  /** @param folder of this workspace; made when there is something to keep. */
  constructor(private readonly folder: string, private readonly problem: (message: string) => void) {
    for (const id of fs.existsSync(folder) ? fs.readdirSync(folder).filter(isId) : []) this.texts.set(id, fs.readFileSync(path.join(folder, id), 'utf8'));
    this.writing = new OneAtATime(() => this.write());
  }

  get(id: string): string | undefined {
    return this.texts.get(id);
  }

  /** @param text undefined when the review is as the agent proposed it, or decided. */
  async set(id: string, text: string | undefined): Promise<void> {
    if (this.texts.get(id) === text || !isId(id)) return;
    if (text === undefined) this.texts.delete(id);
    else this.texts.set(id, text);
    this.unwritten.add(id);
    await this.writing.run();
  }

  /** Forgets every review but these. */
  async keepOnly(ids: ReadonlySet<string>): Promise<void> {
    for (const id of [...this.texts.keys()].filter((known) => !ids.has(known))) await this.set(id, undefined);
  }

  private async write(): Promise<void> {
    for (const id of [...this.unwritten]) {
      this.unwritten.delete(id);
      const file = path.join(this.folder, id);
      const text = this.texts.get(id);
      try {
        if (text === undefined) await fs.promises.rm(file, { force: true });
        else {
          await fs.promises.mkdir(this.folder, { recursive: true, mode: 0o700 });
          await fs.promises.writeFile(`${file}.new`, text, { mode: 0o600 });
          await fs.promises.rename(`${file}.new`, file);
        }
      } catch (e) {
        this.problem(`What was typed into review ${id} would be lost if the window were reloaded now: ${e instanceof Error ? e.message : String(e)}`);
      }
    }
  }
}

/** A review's id is a file's name here, so nothing else is taken for one. */
function isId(name: string): boolean {
  return /^\w+$/.test(name);
}
