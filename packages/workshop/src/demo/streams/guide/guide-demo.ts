/** The route guide as the demo shows it. */
import type { StreamDemo } from '../stream-demo.js';
import type { GuideEvidence, GuideResult } from './guide-evidence.js';
import { proveGuide } from './guide-proof.js';

export const GUIDE_DEMO: StreamDemo<GuideEvidence, GuideResult> = {
  example: 'route-guide',
  title: 'route guide',
  clients: 'walkers',
  driver: 'demo/streams/guide/guide-driver.js',
  unit: 'notes',
  total: ({ clients, messages }) => clients * messages,
  prove: proveGuide,
};
