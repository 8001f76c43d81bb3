/** Progress bars, or lines where there is no terminal. */
import { MultiBar, type SingleBar } from 'cli-progress';

/** Shows the progress of a run. */
export interface Progress {
  begin(label: string, total: number): void;
  update(done: number): void;
  /** Prints an event on a line of its own. */
  note(text: string): void;
  end(): void;
}

const LABEL_WIDTH = 12;
const NOTE_WIDTH = 78;

/** Shows a bar on a terminal, elsewhere a line every ten percent. */
export const progressOn = (stream: NodeJS.WriteStream): Progress =>
  stream.isTTY ? new BarProgress(stream) : new LineProgress((line) => stream.write(`${line}\n`));

export const silentProgress: Progress = { begin() {}, update() {}, note() {}, end() {} };

class BarProgress implements Progress {
  readonly #stream: NodeJS.WriteStream;
  #bars: MultiBar | undefined;
  #bar: SingleBar | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  begin(label: string, total: number): void {
    this.end();
    const format = `${label.padEnd(LABEL_WIDTH)}[{bar}] {percentage}% {value}/{total} {duration_formatted}`;
    this.#bars = new MultiBar({
      stream: this.#stream,
      format,
      barsize: 30,
      hideCursor: true,
      fps: 10,
      gracefulExit: false,
    });
    this.#bar = this.#bars.create(total, 0);
  }

  update(done: number): void {
    this.#bar?.update(done);
  }

  note(text: string): void {
    this.#bars?.log(`${text.slice(0, NOTE_WIDTH)}\n`);
  }

  end(): void {
    this.#bars?.stop();
    this.#bars = undefined;
    this.#bar = undefined;
  }
}

export class LineProgress implements Progress {
  readonly #write: (line: string) => void;
  #label = '';
  #total = 0;
  #tenths = 0;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  begin(label: string, total: number): void {
    this.#label = label.padEnd(LABEL_WIDTH);
    this.#total = total;
    this.#tenths = 0;
  }

  update(done: number): void {
    const tenths = Math.floor((done * 10) / this.#total);
    if (tenths <= this.#tenths) return;
    this.#tenths = tenths;
    this.#write(`${this.#label}${String(tenths * 10).padStart(3)}%  ${done}/${this.#total}`);
  }

  note(text: string): void {
    this.#write(text.slice(0, NOTE_WIDTH));
  }

  end(): void {}
}
