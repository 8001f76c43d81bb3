/** Checks whether the replicas are reached from this machine, by the addresses that replicas and operators use. */
import type { OperatorIdentity } from '../common/identity.js';
import type { LiveRow, LiveStatus } from '../group/live-status.js';
import { type Finding, finding, ok, orOk } from './finding.js';
import { connectProblem, placeOf, resolveHost, type Shown, shownBy } from './network.js';

const DAY_MS = 86_400_000;
/** Certificates that expire sooner than this are a finding. */
const RENEW_DAYS = 14;

export async function reachFindings(status: LiveStatus, identity: OperatorIdentity): Promise<readonly Finding[]> {
  const running = status.replicas.filter(({ runs }) => runs);
  if (running.length === 0) return [];
  const names = running.map(({ id }) => id).join(', ');
  const dns = (await Promise.all(running.map(dnsFindings))).flat();
  const ports = (await Promise.all(running.map(portFindings))).flat();
  const trust = (await Promise.all(running.map((row) => trustFindings(row, identity)))).flat();
  return [
    ...orOk([...dns, ...loopbackFindings(running)], 'dns', `the addresses of ${names} are found from here`),
    ...orOk(ports, 'ports', `somebody listens at the addresses of ${names}`),
    ...trust,
    ...(await Promise.all(running.map(livenessFindings))).flat(),
  ];
}

const addressesOf = ({ address, peerAddress, told }: LiveRow): readonly string[] => [
  ...new Set([address, peerAddress, told?.report.livenessAddress].filter((each) => each !== undefined)),
];

async function dnsFindings(row: LiveRow): Promise<readonly Finding[]> {
  const hosts = [...new Set(addressesOf(row).map((address) => placeOf(address).host))];
  const findings = hosts.map(async (host): Promise<Finding[]> => {
    const found = await resolveHost(host);
    if (found instanceof Error) {
      const text = `${host} is not found from here (${found.message}); check the name and this machine's name servers`;
      return [finding('wrong', 'dns', text, row.id)];
    }
    if (found.length < 2 || isLoopback(host)) return [];
    const text = `${host} stands for ${found.join(', ')}, and a replica is one machine; announce a name of this replica alone`;
    return [finding('warn', 'dns', text, row.id)];
  });
  return (await Promise.all(findings)).flat();
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\./.test(host);

function loopbackFindings(running: readonly LiveRow[]): readonly Finding[] {
  const own = running.filter(({ address }) => isLoopback(placeOf(address ?? '').host));
  if (own.length === 0 || own.length === running.length) return [];
  return own.map(({ id, address }) =>
    finding(
      'wrong',
      'dns',
      `announces ${address}, which means another machine to each of the others; announce an address that they reach`,
      id,
    ),
  );
}

async function portFindings({ id, address, peerAddress }: LiveRow): Promise<readonly Finding[]> {
  const places = [
    [address, 'clients'],
    [peerAddress, 'replicas and operators'],
  ] as const;
  const findings = places.map(async ([place, whose]): Promise<Finding[]> => {
    const problem = place === undefined ? undefined : await connectProblem(placeOf(place));
    if (problem === undefined) return [];
    const text = `${place}, for ${whose}, is not reached from here (${problem}); check that the process listens there and that no firewall is between`;
    return [finding('wrong', 'ports', text, id)];
  });
  return (await Promise.all(findings)).flat();
}

async function livenessFindings({ id, told }: LiveRow): Promise<readonly Finding[]> {
  if (told === undefined) return [];
  const place = told.report.livenessAddress;
  if (place === undefined) {
    const text =
      'has no liveness thread, so a blocked event loop may cost it its role; leave out livenessAddress: false, and see its log';
    return [finding('warn', 'liveness', text, id)];
  }
  const problem = await connectProblem(placeOf(place));
  if (problem === undefined) return [ok('liveness', `${id} takes heartbeats at ${place}`)];
  const text = `its heartbeats at ${place} are not reached from here (${problem}); where that holds for other replicas too, fix the port with livenessAddress and open it`;
  return [finding('warn', 'liveness', text, id)];
}

/** Whether the replica speaks TLS as this command was told, and whether it believes this operator. */
async function trustFindings(row: LiveRow, identity: OperatorIdentity): Promise<readonly Finding[]> {
  const { id, silence, told } = row;
  const place = placeOf(row.peerAddress ?? row.address ?? '');
  const shown = await shownBy(place, identity.ca);
  const findings = shown === undefined ? [] : certificateFindings(id, shown, identity);
  if (told !== undefined) return [...findings, ok('proof', `${id} takes this machine's word for an operator's`)];
  if (silence?.kind === 'refused') {
    const text =
      identity.secret === undefined && identity.cert === undefined
        ? 'tells nothing to who proves nothing; give the group’s secret (--group-secret-file), or an operator’s certificate'
        : `does not believe this machine (${silence.why}); every replica and operator needs the same secret`;
    return [...findings, finding('wrong', 'proof', text, id)];
  }
  if (silence === undefined || (await connectProblem(place)) !== undefined) return findings;
  return [...findings, finding('wrong', 'tls', whySilent(silence.why, shown, identity), id)];
}

function whySilent(why: string, shown: Shown | undefined, { tls, cert }: OperatorIdentity): string {
  if (shown !== undefined && !tls) return 'speaks TLS; say by which authority it is signed: --peer-tls-ca';
  if (shown === undefined && tls)
    return 'does not speak TLS there; leave out --peer-tls-ca, --peer-tls-cert and --peer-tls-key';
  if (shown !== undefined && cert === undefined)
    return `does not answer (${why}); it may want an operator's certificate: --peer-tls-cert, --peer-tls-key`;
  return `does not answer (${why}); see its log, and whether another program listens at its address`;
}

function certificateFindings(
  id: string,
  { certificate, problem }: Shown,
  { ca }: OperatorIdentity,
): readonly Finding[] {
  const until = Date.parse(certificate.valid_to ?? '');
  const days = Math.floor((until - Date.now()) / DAY_MS);
  if (days < 0)
    return [finding('wrong', 'tls', `its certificate was valid until ${certificate.valid_to}; renew it`, id)];
  if (problem !== undefined && ca !== undefined) {
    return [
      finding(
        'wrong',
        'tls',
        `its certificate is not believed with this authority (${problem}); check --peer-tls-ca and the certificate's names`,
        id,
      ),
    ];
  }
  if (days < RENEW_DAYS)
    return [finding('warn', 'tls', `its certificate is valid for ${days} more days; renew it`, id)];
  return [ok('tls', `${id} shows a certificate that is valid for ${days} more days`)];
}

/** Whether each member of etcd is reached from here. */
export async function hostFindings(hosts: readonly string[]): Promise<readonly Finding[]> {
  const findings = hosts.map(async (address): Promise<Finding[]> => {
    const place = placeOf(address);
    const found = await resolveHost(place.host);
    const problem = found instanceof Error ? found.message : await connectProblem(place);
    if (problem === undefined) return [];
    const text = `${address} is not reached from here (${problem}); a group changes its record only while most members of etcd run`;
    return [finding(hosts.length > 1 ? 'warn' : 'wrong', 'coordinator', text)];
  });
  return (await Promise.all(findings)).flat();
}
