/** An event that a replica passed to its logger. */
export interface Logged {
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, string | number | boolean | undefined>>;
}
