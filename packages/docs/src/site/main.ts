/** Gathers the site's pages for VitePress: node dist/site/main.js (npm run docs). */
import { join } from 'node:path';
import { allPages } from '../pages/pages.js';
import { stagedPages, writeStaged } from './stage.js';

const staged = stagedPages(allPages(), process.env.REPOSITORY_URL);
writeStaged(join(import.meta.dirname, '../pages-of-site'), staged);
