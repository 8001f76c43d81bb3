/** What tests of the core share with whoever else drives it step by step, or takes rules out of it. */
export { describeEffect, describeFrame } from './describe.js';
export { RULES, type Rule } from './rules/index.js';
export { Markers, type RuleToTakeOut } from './take-out.js';
export { bytesOf, hashText, hex32, textOf } from './text.js';
