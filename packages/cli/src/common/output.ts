/** Where the command writes: results to `out`, errors to `err`. */
export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** The terminal that shows what `out` gets; absent if that goes to a file or a pipe. `watch` draws on it. */
  readonly screen?: NodeJS.WriteStream;
}

export interface JsonOption {
  readonly json?: boolean;
}

/** Says what a command did: a sentence, or the same as a line of JSON. */
export function tell(output: Output, { json }: JsonOption, sentence: string, value: object): void {
  output.out(json === true ? `${JSON.stringify(value)}\n` : `${sentence}\n`);
}
