/** What tests of the core share with the simulator, which drives the core too, and with whoever takes rules out of it. */
export { describeEffect, describeFrame } from './describe.js';
export { HostileFrames, type HostileRpc } from './hostile/frames.js';
export { RULES, type Rule } from './rules/index.js';
export { Markers, type RuleToTakeOut } from './take-out.js';
export { bytesOf, hashText, hex32, textOf } from './text.js';
export { type Adapter, type Core, carryOut } from './world/adapter.js';
export { Cuts } from './world/cuts.js';
export { memberOf, sessionOf } from './world/identity.js';
export { END, VirtualLink } from './world/link.js';
export { describeRecord, RecordStore } from './world/record-store.js';
export { VIRTUAL_PORTS } from './world/virtual-ports.js';
export { contentOf } from './world/virtual-seal.js';
export { type VirtualAnswer, type VirtualBeat, VirtualThread } from './world/virtual-thread.js';
