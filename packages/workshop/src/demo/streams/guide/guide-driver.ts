/** The client process of the route guide's demo. */
import { PLACES } from '@understudy/examples/route-guide/places.js';
import { RouteGuideClient } from '@understudy/examples/route-guide/proto.js';
import { routeGuideServiceConfig } from '@understudy/examples/route-guide/service-config.js';
import { connect } from '../../../hosting/connect.js';
import { seededRandom } from '../../../hosting/random.js';
import { runDriver } from '../../drive/run-driver.js';
import type { StreamsJob } from '../job.js';
import { Journal } from '../journal.js';
import { look } from './guide-calls.js';
import type { GuideEvidence, GuideResult } from './guide-evidence.js';
import { walk } from './walker.js';

await runDriver<StreamsJob, GuideEvidence, GuideResult>(async ({ target, mode, clients, messages }, report) => {
  const stub = () => connect(RouteGuideClient, routeGuideServiceConfig, target, mode);
  const stubs = await Promise.all(Array.from({ length: clients }, stub));
  await report.begin();
  const journal = new Journal();
  let answered = 0;
  const walkers = stubs.map((client, index) =>
    walk({
      client,
      author: `walker ${index + 1}`,
      notes: messages,
      random: seededRandom(index),
      journal,
      onAnswered: () => report.progress(++answered),
    }),
  );
  const pieces = (await Promise.all(walkers)).flat();
  report.end();
  const { arrivedAtMs } = journal;
  const [client] = stubs;
  const [first] = PLACES;
  const last = client && first && (await look(client, first.point, journal));
  journal.close();
  return { pieces, result: { arrivedAtMs, entries: last?.place?.asOf } };
});
