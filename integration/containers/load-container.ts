import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { GenericContainer, type StartedNetwork, type StartedTestContainer } from 'testcontainers';
import type { Books } from '../../packages/workshop/dist/demo/drive/collect.js';
import { docker } from '../engine/docker.js';
import { type LoadOptions, loadArguments, Recording } from '../history/load.js';

/** A load in a container on the bank's network. */
export class LoadContainer {
  readonly recording: Recording;
  readonly #container: StartedTestContainer;

  static async start(network: StartedNetwork, options: LoadOptions): Promise<LoadContainer> {
    const recording = new Recording();
    // The chunks of the log do not end at line ends.
    const output = new PassThrough();
    createInterface({ input: output }).on('line', (line) => {
      if (line.startsWith('{"kind":')) recording.line(line);
    });
    const container = await new GenericContainer('understudy-load')
      .withNetwork(network)
      .withCommand(loadArguments(options))
      .withLogConsumer((stream) => {
        stream.on('data', (chunk: Buffer) => output.write(chunk));
        stream.on('end', () => output.end());
      })
      .start();
    return new LoadContainer(container, recording);
  }

  private constructor(container: StartedTestContainer, recording: Recording) {
    this.#container = container;
    this.recording = recording;
  }

  get id(): string {
    return this.#container.getId();
  }

  /** Ends the load. Resolves, when the open calls have ended, with the books of the bank. */
  async finish(): Promise<Books> {
    await docker('kill', '--signal', 'TERM', this.id);
    const books = this.recording.books();
    const status = await docker('wait', this.id);
    if (status !== '0') this.recording.ended(`exit status ${status}`);
    return books;
  }

  async stop(): Promise<void> {
    await this.#container.stop({ timeout: 0 });
  }
}
