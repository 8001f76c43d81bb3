/** What a replica told its logger. */
export interface Logged {
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, string | number | boolean | undefined>>;
}
