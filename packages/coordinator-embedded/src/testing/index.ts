/** What tests of coordinators, and of replicas that lose theirs, have in common. */
export { NoticedLate } from './noticed-late.js';
export { sampleMember, sampleRecord } from './sample-records.js';
