/** Runs before each file of tests on containers, and waits for the engine that `setup.ts` prepares. */
import { announced } from './announcement.js';

Object.assign(process.env, await announced());
