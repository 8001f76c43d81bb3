/** What tests of the core share with whoever else drives it step by step. */
export { changeCompiled } from './compiled-text.js';
export { describeEffect, describeFrame } from './describe.js';
export { RULES, type Rule } from './rules.js';
export { bytesOf, hashText, hex32, textOf } from './text.js';
