/** Tables of what passed between the processes. */
import type { Settings } from '../measure/settings.js';
import { type Flows, plus, sumOf, type VariantWire } from '../measure/wire.js';
import { digits, table } from './table.js';

const HEAD = ['', 'primary', '', 'backups', '', 'peers', '', 'added', ''];

/**
 * Draws the bytes and gRPC messages of both directions: between client and primary, between client and backups, among
 * replicas, and the sum of all less that of the bare service.
 */
export function wireTables(rows: readonly VariantWire[], { inFlight }: Settings): string[] {
  const of = (title: string, flows: (row: VariantWire) => Flows): string =>
    table(
      title,
      HEAD,
      [['', ...Array.from({ length: 4 }, () => ['bytes', 'msgs']).flat()]].concat(
        rows.map((row) => line(row.variant, flows(row), rows[0] && flows(rows[0]))),
      ),
    );
  return [
    of(`On the wire, a call at ${inFlight} in flight`, ({ full }) => full),
    of('On the wire, a call at one in flight', ({ one }) => one),
    of('On the wire, a second without calls', ({ atRest }) => atRest),
  ];
}

function line(name: string, flows: Flows, bare: Flows | undefined): string[] {
  const kinds = [
    plus(flows.clientToPrimary, flows.primaryToClient),
    plus(flows.clientToBackups, flows.backupsToClient),
    flows.betweenReplicas,
  ];
  const [all, base] = [sumOf(flows), bare === undefined ? undefined : sumOf(bare)];
  const added = { bytes: all.bytes - (base?.bytes ?? 0), messages: all.messages - (base?.messages ?? 0) };
  return [name, ...[...kinds, added].flatMap(({ bytes, messages }) => [digits(bytes), digits(messages)])];
}
