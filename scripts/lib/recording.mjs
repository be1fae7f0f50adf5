// A recording of a page of a real browser: frames as PNG, and a GIF of them where ffmpeg is installed.
import fs from 'node:fs';
import path from 'node:path';
import { finish } from './processes.mjs';

const framesPerSecond = 3;

export class Recording {
  #page;
  #folder;
  #running = true;
  #taken;
  #count = 0;

  /** Starts to take frames into an empty folder. */
  constructor(page, folder) {
    this.#page = page;
    this.#folder = folder;
    fs.rmSync(folder, { recursive: true, force: true });
    fs.mkdirSync(folder, { recursive: true });
    this.#taken = this.#take();
  }

  /** Stops and writes the GIF. Answers its size in bytes, or null where there is no ffmpeg. */
  async stop(gif, { width = 960 } = {}) {
    this.#running = false;
    await this.#taken;
    // Each frame is compared with the one before, so that a still screen costs nothing and is shown for as long as it lasted.
    const look = `scale=${width}:-1:flags=lanczos,split[a][b];[a]palettegen=max_colors=96:stats_mode=diff[p];[b][p]paletteuse=dither=none:diff_mode=rectangle`;
    const made = await finish('ffmpeg', ['-y', '-loglevel', 'error', '-framerate', `${framesPerSecond}`, '-i', path.join(this.#folder, '%04d.png'), '-filter_complex', look, gif])
      .catch(() => null);
    return made?.code === 0 ? fs.statSync(gif).size : null;
  }

  async #take() {
    while (this.#running) {
      const next = Date.now() + 1000 / framesPerSecond;
      this.#count += 1;
      await this.#page.screenshot({ path: path.join(this.#folder, `${String(this.#count).padStart(4, '0')}.png`) });
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - Date.now())));
    }
  }
}
