/** The type of the report that `npm run bench -- --json FILE` writes. */
export type { BenchReport } from './report/report.js';
