import { circumstances } from './circumstances.js';
import { failoverTable, recoveryTable } from './failover-tables.js';
import { readsTable, waitsTable } from './handlers-tables.js';
import { idleTable } from './idle-table.js';
import { joiningTable } from './joining-table.js';
import { largeTables } from './large-table.js';
import { overloadTable } from './overload-table.js';
import type { BenchReport } from './report.js';
import { busyTable, latenciesTable, throughputTables } from './rounds-tables.js';
import { streamsTables } from './streams-tables.js';
import { wireTables } from './wire-tables.js';

const GIBIBYTE = 1024 ** 3;
const CPU_MAX = 50;

/** The report as text, at most 80 columns wide. */
export function textOf(report: BenchReport): string {
  const {
    machine,
    settings,
    rounds,
    streams,
    overload,
    large,
    waits,
    reads,
    wire,
    idle,
    failovers,
    recoveries,
    joinings,
  } = report;
  const { only, mode, replicas } = settings;
  const parts = [
    `${machine.cores} cores (${machine.cpu.slice(0, CPU_MAX)}), ${Math.round(machine.memoryBytes / GIBIBYTE)} GiB\n` +
      `Node ${machine.node}, grpc-js ${machine.grpcJs}; replicas: ${replicas}, ${mode.replication}, ${mode.multicast}\n` +
      'The client and all replicas share the cores.',
  ];
  if (rounds !== undefined && only.includes('throughput')) parts.push(...throughputTables(rounds, settings));
  if (rounds !== undefined && settings.disturbed && only.includes('throughput'))
    parts.push(busyTable(rounds, settings));
  if (rounds !== undefined && only.includes('latency')) parts.push(latenciesTable(rounds, settings));
  if (rounds !== undefined) parts.push(circumstances(rounds, machine));
  if (streams !== undefined) parts.push(...streamsTables(streams, settings), circumstances(streams, machine));
  if (overload !== undefined) parts.push(overloadTable(overload, settings));
  if (large !== undefined) parts.push(...largeTables(large, settings));
  if (waits !== undefined) parts.push(waitsTable(waits, settings));
  if (reads !== undefined) parts.push(readsTable(reads, settings));
  if (wire !== undefined) parts.push(...wireTables(wire, settings));
  if (idle !== undefined) parts.push(idleTable(idle, settings));
  if (failovers !== undefined) parts.push(failoverTable(failovers, settings));
  if (recoveries !== undefined) parts.push(recoveryTable(recoveries));
  if (joinings !== undefined) parts.push(joiningTable(joinings, settings));
  return parts.join('\n\n');
}
