import type { PeerFrame, ReplyFrame, SessionFrame } from '../../model/frames.js';
import type { LinkId } from '../../model/ids.js';

export type Frame = PeerFrame | SessionFrame | ReplyFrame;

/** A stream in one direction: keeps its order, loses nothing until it breaks. */
export interface Pipe {
  readonly from: string;
  readonly to: string;
  readonly frames: Frame[];
  /** Frames stay on their way until they are released. */
  held: boolean;
  /** Its sender ended it: it breaks when what is on its way has arrived. */
  ending: boolean;
  /** The acknowledgment or term it last carried: repeating it says nothing. */
  said: string | undefined;
  /** Of a client's stream, in both directions: what the replica knows it by. */
  readonly link: LinkId | undefined;
}

/** Streams between processes, and who cannot reach whom. */
export class Network {
  readonly #pipes = new Map<string, Pipe>();
  readonly #cut = new Set<string>();
  #nextLink = 1;

  get(from: string, to: string): Pipe | undefined {
    return this.#pipes.get(`${from}>${to}`);
  }

  pipes(): readonly Pipe[] {
    return [...this.#pipes.values()];
  }

  /** All streams that begin or end at a process. */
  of(name: string): readonly Pipe[] {
    return this.pipes().filter(({ from, to }) => from === name || to === name);
  }

  byLink(from: string, link: LinkId): Pipe | undefined {
    return this.pipes().find((pipe) => pipe.from === from && pipe.link === link);
  }

  open(from: string, to: string): void {
    this.#open(from, to, undefined);
  }

  /** A client's stream, which runs both ways. */
  openLink(client: string, server: string): void {
    const link = this.#nextLink++ as LinkId;
    this.#open(client, server, link);
    this.#open(server, client, link);
  }

  #open(from: string, to: string, link: LinkId | undefined): void {
    this.#pipes.set(`${from}>${to}`, { from, to, frames: [], held: false, ending: false, said: undefined, link });
  }

  /** @returns false if it was broken already */
  break(pipe: Pipe): boolean {
    return this.get(pipe.from, pipe.to) === pipe && this.#pipes.delete(`${pipe.from}>${pipe.to}`);
  }

  isCut(a: string, b: string): boolean {
    return this.#cut.has(`${a}>${b}`);
  }

  cut(a: string, b: string): void {
    this.#cut.add(`${a}>${b}`).add(`${b}>${a}`);
  }

  heal(a: string, b: string): void {
    this.#cut.delete(`${a}>${b}`);
    this.#cut.delete(`${b}>${a}`);
  }
}
