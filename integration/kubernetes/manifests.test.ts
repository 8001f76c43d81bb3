import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { PodTemplateSpec, Service } from 'kubernetes-types/core/v1.js';
import type { NetworkPolicy } from 'kubernetes-types/networking/v1.js';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { defaultValues, rendered } from './chart.js';
import { byName, FOLDER, keyOf, kustomized, type Manifest, objectsIn, objectsOf } from './manifests.js';
import { mistakesIn } from './schema.js';

const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const all = kustomized('with-etcd');
const operator = objectsOf('operator.yaml');
const find = <T>(kind: string, name: string): T => {
  const found = all.find((object) => keyOf(object) === `${kind} ${name}`);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found as unknown as T;
};
const bank = find<StatefulSet>('StatefulSet', 'bank');
const podOf = (set: StatefulSet): PodTemplateSpec => set.spec?.template ?? ({} as PodTemplateSpec);
const containerOf = (set: StatefulSet) => podOf(set).spec?.containers[0] ?? ({} as never);

interface Compose {
  readonly services: Readonly<Record<string, { readonly stop_grace_period?: string }>>;
}

describe('the manifests for Kubernetes', () => {
  it('fit the types of the Kubernetes API', () => {
    expect(mistakesIn([...all, ...operator])).toBe('');
  });

  it.each([
    ['a field that there is not', { spec: { ...bank.spec, replica: 3 } }],
    ['a number that is a text', { spec: { ...bank.spec, replicas: '3' } }],
    ['a selector that is missing', { spec: { ...bank.spec, selector: undefined } }],
  ])('would be refused with %s', (_what, change) => {
    expect(mistakesIn([{ ...bank, ...change } as unknown as Manifest])).toMatch(/error TS/);
  });

  it('are what kubectl makes of them, where it is installed', (context) => {
    const made = spawnSync('kubectl', ['kustomize', `${FOLDER}/with-etcd`], { encoding: 'utf8' });
    if (made.error !== undefined) return context.skip('kubectl is not installed');
    expect(made.stderr).toBe('');
    expect(byName(objectsIn(made.stdout))).toEqual(byName(all));
  });

  it('are those of the Helm chart with its defaults, as release "bank"', () => {
    expect(byName(rendered('bank', defaultValues()))).toEqual(byName(all));
  });

  it('of the chart fit the types with every value changed, and name nothing of another release', () => {
    const changed = {
      ...{ image: 'shop:2', imagePullPolicy: 'Always', replicas: 5, groupSecretName: 'own-secret' },
      ...{ terminationGracePeriodSeconds: 90, resources: { requests: { cpu: '1' } }, extraArgs: ['--lease-ms=500'] },
      etcd: { enabled: false, hosts: 'etcd.infra:2379', image: '', storage: '' },
    };
    expect(Object.keys(changed).sort()).toEqual(Object.keys(defaultValues()).sort());
    const objects = rendered('shop', changed);
    expect(mistakesIn(objects)).toBe('');
    expect(objects.map(keyOf).filter((key) => /etcd/.test(key))).toEqual([]);
    expect(JSON.stringify(objects)).not.toContain('bank');
    const set = objects.find(({ kind }) => kind === 'StatefulSet') as unknown as StatefulSet;
    expect(set.spec?.replicas).toBe(5);
    expect(containerOf(set)).toMatchObject({ image: 'shop:2', resources: { requests: { cpu: '1' } } });
    expect(containerOf(set).args?.at(-1)).toBe('--lease-ms=500');
    expect(JSON.stringify(objects)).toContain('"etcd-hosts":"etcd.infra:2379"');
  });

  it('select the pods that they mean, and no other set’s', () => {
    for (const name of ['bank', 'bank-etcd']) {
      const set = find<StatefulSet>('StatefulSet', name);
      const labels = podOf(set).metadata?.labels;
      expect(labels).toEqual({ 'app.kubernetes.io/name': name });
      expect(set.spec?.selector.matchLabels).toEqual(labels);
      expect(find<PodDisruptionBudget>('PodDisruptionBudget', name).spec?.selector?.matchLabels).toEqual(labels);
      expect(find<NetworkPolicy>('NetworkPolicy', name).spec?.podSelector?.matchLabels).toEqual(labels);
      const headless = find<Service>('Service', set.spec?.serviceName ?? '');
      expect(headless.spec).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true, selector: labels });
      const ports = containerOf(set).ports?.map((port: { name?: string }) => port.name);
      for (const port of headless.spec?.ports ?? []) expect(ports).toContain(port.targetPort);
    }
    expect(find<Service>('Service', 'bank').spec?.selector).toEqual({ 'app.kubernetes.io/name': 'bank' });
  });

  it('name only what there is: settings, secret, volumes and the members of etcd', () => {
    const known = new Set(all.map(keyOf));
    for (const pod of [podOf(bank), operator[0] as unknown as PodTemplateSpec]) {
      const [container] = pod.spec?.containers ?? [];
      for (const { valueFrom } of container?.env ?? []) {
        const settings = valueFrom?.configMapKeyRef;
        if (settings !== undefined) expect(known).toContain(`ConfigMap ${settings.name}`);
      }
      expect(pod.spec?.volumes?.map(({ name }) => name)).toEqual(container?.volumeMounts?.map(({ name }) => name));
      expect(pod.spec?.volumes?.[0]?.secret?.secretName).toBe('bank-group-secret');
    }
    const etcd = find<StatefulSet>('StatefulSet', 'bank-etcd');
    const members = Array.from({ length: etcd.spec?.replicas ?? 0 }, (_, i) => `bank-etcd-${i}`);
    const { data } = find<{ data: Record<string, string> }>('ConfigMap', 'bank-settings');
    expect(data['etcd-hosts']).toBe(members.map((name) => `${name}.bank-etcd:2379`).join());
    const peers = members.map((name) => `${name}=http://${name}.bank-etcd:2380`).join();
    expect(containerOf(etcd).command).toContain(`--initial-cluster=${peers}`);
  });

  it('let strangers reach the port of the clients alone', () => {
    const rules = find<NetworkPolicy>('NetworkPolicy', 'bank').spec?.ingress ?? [];
    const open = rules.filter(({ from }) => from === undefined);
    expect(open.flatMap(({ ports = [] }) => ports.map(({ port }) => port))).toEqual([50051]);
    const inner = rules.filter(({ from }) => from !== undefined);
    for (const { ports = [] } of inner) expect(ports.map(({ port }) => port)).toEqual([50052, 50053]);
    const allowed = inner.flatMap(({ from = [] }) => from.map(({ podSelector }) => podSelector?.matchLabels));
    expect(allowed).toEqual([podOf(bank).metadata?.labels, operator[0]?.metadata.labels]);
  });

  it('let a replica wait for its hand-over before it is killed, in every set and in every service of compose.yaml', () => {
    const options = readFileSync(file('packages/server/README.md'), 'utf8');
    const handOverMs = Number(/`handOverMs` \|.*\| ([\d,]+) \|/.exec(options)?.[1]?.replaceAll(',', ''));
    const source = readFileSync(file('packages/server/src/ending/hand-over.ts'), 'utf8');
    const stopMs = Number(/const STOP_MS = (\d+);/.exec(source)?.[1]);
    const sets = [...kustomized('base'), ...all, ...rendered('bank', defaultValues())].filter(
      ({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === 'bank',
    ) as unknown as readonly StatefulSet[];
    const graces = sets.map((set) => podOf(set).spec?.terminationGracePeriodSeconds);
    const compose = parse(readFileSync(file('docker/compose.yaml'), 'utf8'), { merge: true }) as Compose;
    const banks = Object.entries(compose.services).filter(([name]) => name.startsWith('bank-'));
    graces.push(...banks.map(([, { stop_grace_period: grace = '' }]) => Number(/^(\d+)s$/.exec(grace)?.[1])));
    expect(graces).toHaveLength(3 + 3);
    for (const graceS of graces) expect((graceS ?? 0) * 1_000).toBeGreaterThan(stopMs + handOverMs);
  });

  it('stop replicas one at a time', () => {
    expect(bank.spec?.podManagementPolicy).toBe('Parallel');
    expect(find<PodDisruptionBudget>('PodDisruptionBudget', 'bank').spec?.maxUnavailable).toBe(1);
    expect(containerOf(bank).lifecycle).toBeUndefined();
  });

  it('ask health by names that the server knows, at its port', () => {
    const { readinessProbe, livenessProbe, ports } = containerOf(bank);
    expect(readinessProbe?.grpc).toEqual({ port: 50051, service: 'understudy.ready' });
    expect(livenessProbe?.grpc).toEqual({ port: 50051, service: 'understudy.live' });
    expect(ports?.[0]).toEqual({ name: 'grpc', containerPort: 50051 });
    const health = readFileSync(file('packages/server/src/health/health.ts'), 'utf8');
    for (const name of ['understudy.ready', 'understudy.live']) expect(health).toContain(`'${name}'`);
  });

  it('give the bank arguments that it has', () => {
    const program = file('packages/examples/dist/bank/server.js');
    const help = execFileSync(process.execPath, [program, '--help'], { encoding: 'utf8' });
    for (const arg of containerOf(bank).args ?? []) expect(help).toContain(` ${arg.split('=')[0]} `);
  });
});
