/** Incarnations of the replicas of the sample. */
export const A = '0123456789abcdef0123456789abcdef';
export const B = 'fedcba9876543210fedcba9876543210';
export const C = 'c'.repeat(32);

/** A record as its text has it: two replicas in sync, in the third term. */
export const recordJson = (changes: object = {}): Record<string, unknown> => ({
  version: 1,
  group: 'bank',
  origin: A,
  secret: 'of tests',
  epoch: 7,
  term: 3,
  primary: { id: 'bank-1', incarnation: A },
  inSync: [
    { id: 'bank-1', incarnation: A },
    { id: 'bank-2', incarnation: B },
  ],
  addresses: { 'bank-2': '10.0.0.2:50051', 'bank-1': '[::1]:50051' },
  adoptedThrough: [
    { term: 2, through: 0 },
    { term: 3, through: 41 },
  ],
  settings: '{"leaseMs":300}',
  code: [{ term: 1, version: 'bank@1.0.0', replication: 'semi-active' }],
  forced: false,
  ended: false,
  ...changes,
});
