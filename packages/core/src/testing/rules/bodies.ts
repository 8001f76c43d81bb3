import type { Rule } from './rule.js';

/** A client that sends replicas different bodies under one number. */
export const BODY_RULES: readonly Rule[] = [
  {
    rule: 'named bodies: a backup takes only the body that an order names, if that comes after the order',
    scenario: 'equivocation',
    without: { 'take-named-body': 'false' },
    shows: 'stopped: order 1 is processed with another body than it names',
  },
  {
    rule: 'named bodies: a backup keeps only the body that an order names, if that came before the order',
    scenario: 'equivocation',
    without: { 'keep-named-body': 'false' },
    shows: 'stopped: order 1 is processed with another body than it names',
  },
  {
    rule: 'named bodies: a passive backup logs only the body that an order names',
    scenario: 'equivocation-passive',
    without: { 'keep-named-body': 'false', 'process-named-body': ';' },
    shows: 'S2  processes 1: other',
  },
  {
    rule: 'named bodies: no replica processes another body than the order names',
    scenario: 'equivocation',
    without: { 'take-named-body': 'false', 'process-named-body': ';' },
    shows: 'S3  processes 1: other',
  },
  {
    rule: 'named bodies: a client that sent replicas different messages is not relied on for bodies',
    scenario: 'equivocation',
    without: { 'distrust-equivocator': ';' },
    lacks: 'S1>S2  announces 2=C1#2, bodies m2',
  },
  {
    rule: 'named bodies: a new link makes nobody rely on such a client again',
    scenario: 'equivocation',
    without: { 'distrust-on-new-link': ';' },
    lacks: 'S1>S2  announces 4=C1#3, bodies m4',
  },
  {
    rule: 'named bodies: no frame makes anybody rely on such a client again',
    scenario: 'equivocation',
    without: { 'distrust-for-good': 'true' },
    lacks: 'S1>S2  announces 2=C1#2, bodies m2',
  },
  {
    rule: 'named bodies: a successor adopts only the body that an order names, though its client sent it another one',
    scenario: 'equivocation-peer',
    without: { 'adopt-named-body': 'true' },
    shows: 'stopped: adopted 1, holds 0',
  },
  {
    rule: 'named bodies: a successor does not wait for such a client to send the body that an order names',
    scenario: 'equivocation-wrong-only',
    without: { 'ask-no-equivocator': 'false' },
    shows: 'S2>C1  lacks #1',
  },
];
