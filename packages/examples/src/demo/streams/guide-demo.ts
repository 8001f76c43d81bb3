import type { GuideEvidence, GuideResult } from './guide-evidence.js';
import { proveGuide } from './guide-proof.js';
import type { StreamDemo } from './stream-demo.js';

export const GUIDE_DEMO: StreamDemo<GuideEvidence, GuideResult> = {
  example: 'route-guide',
  title: 'route guide',
  clients: 'walkers',
  driver: './streams/guide-driver.js',
  unit: 'notes',
  total: ({ clients, messages }) => clients * messages,
  prove: proveGuide,
};
