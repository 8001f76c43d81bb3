/** Shows how far the runs are: a bar on a terminal, lines elsewhere. */
import { MultiBar, type SingleBar } from 'cli-progress';

/** Shows the progress of the runs. */
export interface Progress {
  update(done: number): void;
  /** Prints an event on a line of its own. */
  note(text: string): void;
  end(): void;
}

const WIDTH = 78;

/** Shows a bar on a terminal, elsewhere a line every ten percent. */
export const progressOn = (stream: NodeJS.WriteStream, total: number): Progress =>
  stream.isTTY ? new BarProgress(stream, total) : new LineProgress((line) => stream.write(`${line}\n`), total);

class BarProgress implements Progress {
  readonly #bars: MultiBar;
  readonly #bar: SingleBar;

  constructor(stream: NodeJS.WriteStream, total: number) {
    this.#bars = new MultiBar({
      stream,
      format: '[{bar}] {percentage}% {value}/{total} {duration_formatted}, {eta_formatted} left',
      barsize: 30,
      hideCursor: true,
      fps: 10,
      gracefulExit: false,
    });
    this.#bar = this.#bars.create(total, 0);
  }

  update(done: number): void {
    this.#bar.update(done);
  }

  note(text: string): void {
    this.#bars.log(`${text.slice(0, WIDTH)}\n`);
  }

  end(): void {
    this.#bars.stop();
  }
}

export class LineProgress implements Progress {
  readonly #write: (line: string) => void;
  readonly #total: number;
  #tenths = 0;

  constructor(write: (line: string) => void, total: number) {
    this.#write = write;
    this.#total = total;
  }

  update(done: number): void {
    const tenths = Math.floor((done * 10) / this.#total);
    if (tenths <= this.#tenths) return;
    this.#tenths = tenths;
    this.#write(`${String(tenths * 10).padStart(3)}%  ${done}/${this.#total}`);
  }

  note(text: string): void {
    this.#write(text.slice(0, WIDTH));
  }

  end(): void {}
}
