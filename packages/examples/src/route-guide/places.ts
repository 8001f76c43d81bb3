import type { Point } from './proto.js';

/** A place on the map. */
export interface MapPlace {
  readonly name: string;
  readonly point: Point;
}

/** How far the map reaches from its south-western corner. */
export const ISLAND: Point = { eastM: 8_000, northM: 6_000 };

const LANDSCAPE = 'Cove,Crag,Ford,Hollow,Lookout,Meadow,Mill,Pier,Ridge,Spring,Stile,Wood'.split(',');
const WHOSE =
  'Adder,Bramble,Curlew,Drover,Ember,Fallow,Gannet,Heron,Ivy,Juniper,Kestrel,Larch,Marten,Nettle,Otter,Plover';
const COLUMNS = WHOSE.split(',');

// One of each sort for each name: Adder Cove in the south-west, Plover Wood in the north-east, none at a round distance
// from the next.
const place = (column: number, row: number): MapPlace => ({
  name: `${COLUMNS[column]} ${LANDSCAPE[row]}`,
  point: { eastM: column * 500 + ((row * 137) % 400), northM: row * 500 + ((column * 211) % 400) },
});

/** All places of the island, by name. */
export const PLACES: readonly MapPlace[] = COLUMNS.flatMap((_, column) =>
  LANDSCAPE.map((_name, row) => place(column, row)),
);

export const keyOf = ({ eastM, northM }: Point): string => `${eastM},${northM}`;

export const isOnMap = ({ eastM, northM }: Point): boolean =>
  eastM >= 0 && northM >= 0 && eastM <= ISLAND.eastM && northM <= ISLAND.northM;
