/** The messages between the benchmark and the processes that it started. */
/** A set of commands, each as the signature of its implementation, which may also return a promise. */
export type CommandSet<C> = { readonly [K in keyof C]: (...args: never[]) => unknown };

export type Ask<C extends CommandSet<C>> = <K extends keyof C & string>(
  command: K,
  ...args: Parameters<C[K]>
) => Promise<ReturnType<C[K]>>;

export type Implementation<C extends CommandSet<C>> = {
  readonly [K in keyof C]: (...args: Parameters<C[K]>) => ReturnType<C[K]> | Promise<ReturnType<C[K]>>;
};

export interface Question {
  readonly id: number;
  readonly command: string;
  readonly args: readonly unknown[];
}

/** A message of a process: the answer to a question, or news that nobody asked for. */
export type Said =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string }
  | { readonly kind: 'news'; readonly news: unknown };
