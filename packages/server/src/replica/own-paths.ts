/** The paths of the replica's own services, which clients, replicas and operators use. */
import { replicationService } from '../links/incoming-peer-links.js';
import { multicastService } from '../links/session-links.js';
import { adminService } from './admin.js';

export const OWN_PATHS: ReadonlySet<string> = new Set(
  [multicastService, replicationService, adminService].flatMap((service) =>
    Object.values(service).map(({ path }: { readonly path: string }) => path),
  ),
);
