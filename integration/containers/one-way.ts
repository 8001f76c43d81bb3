import { docker } from '../engine/docker.js';

/** Where a container is on its network. */
export async function addressOf(container: string): Promise<string> {
  const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
  return docker('inspect', '--format', format, container);
}

/** From now on nothing that the one sends reaches the other; the other way everything arrives. */
export const silence = (from: string, to: string): Promise<void> => route('add', from, to);
export const unsilence = (from: string, to: string): Promise<void> => route('del', from, to);

async function route(change: 'add' | 'del', from: string, to: string): Promise<void> {
  await docker(
    ...['run', '--rm', '--network', `container:${from}`, '--cap-add', 'NET_ADMIN', 'understudy-ip'],
    ...['ip', 'route', change, 'blackhole', await addressOf(to)],
  );
}
