/** What `understudy doctor` found. */

/** `wrong` makes the command exit with 1; `warn` may be intended; `ok` was checked and is as it should be. */
export type Severity = 'ok' | 'warn' | 'wrong';

export interface Finding {
  readonly severity: Severity;
  /** What was checked. */
  readonly check: Check;
  readonly group?: string;
  readonly replica?: string;
  /** What was found, and what to do about it. */
  readonly text: string;
}

export type Check =
  | ('coordinator' | 'record' | 'members' | 'dns' | 'ports' | 'tls' | 'proof')
  | ('liveness' | 'clock' | 'versions' | 'settings' | 'state');

export const finding = (severity: Severity, check: Check, text: string, replica?: string): Finding => ({
  severity,
  check,
  ...(replica !== undefined && { replica }),
  text,
});

export const ok = (check: Check, text: string): Finding => finding('ok', check, text);

/** @returns the findings, or, if nothing is wrong, one that says `text` */
export const orOk = (findings: readonly Finding[], check: Check, text: string): readonly Finding[] =>
  findings.some(({ severity }) => severity !== 'ok') ? findings : [ok(check, text)];
