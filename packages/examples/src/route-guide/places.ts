/** The map of the island. */
import type { Point } from './proto.js';

/** A place on the map. */
export interface MapPlace {
  readonly name: string;
  readonly point: Point;
}

/** The north-eastern corner of the map; the south-western one is 0,0. */
export const ISLAND: Point = { eastM: 8_000, northM: 6_000 };

const LANDSCAPE = 'Cove,Crag,Ford,Hollow,Lookout,Meadow,Mill,Pier,Ridge,Spring,Stile,Wood'.split(',');
const WHOSE =
  'Adder,Bramble,Curlew,Drover,Ember,Fallow,Gannet,Heron,Ivy,Juniper,Kestrel,Larch,Marten,Nettle,Otter,Plover';
const COLUMNS = WHOSE.split(',');

// Each column has one place in each landscape, from Adder Cove in the south-west to Plover Wood in the north-east. The
// offsets avoid round distances, so that rounding matters.
const place = (column: number, row: number): MapPlace => ({
  name: `${COLUMNS[column]} ${LANDSCAPE[row]}`,
  point: { eastM: column * 500 + ((row * 137) % 400), northM: row * 500 + ((column * 211) % 400) },
});

/** All places of the island in the order of their names. */
export const PLACES: readonly MapPlace[] = COLUMNS.flatMap((_, column) =>
  LANDSCAPE.map((_name, row) => place(column, row)),
);

export const keyOf = ({ eastM, northM }: Point): string => `${eastM},${northM}`;

export const isOnMap = ({ eastM, northM }: Point): boolean =>
  eastM >= 0 && northM >= 0 && eastM <= ISLAND.eastM && northM <= ISLAND.northM;
