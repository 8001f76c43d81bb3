/** The site's navigation: every page of the documentation, in the order in which one may read them. */

/** A page in the navigation. */
export interface NavigationItem {
  readonly text: string;
  /** The page's place on the site, without `.md`. */
  readonly link: string;
}

/** Pages that belong together. */
export interface NavigationGroup {
  readonly text: string;
  readonly items: readonly NavigationItem[];
  readonly collapsed?: boolean;
}

const item = (text: string, link: string): NavigationItem => ({ text, link: `/${link}` });

export const NAVIGATION: readonly NavigationGroup[] = [
  {
    text: 'Begin',
    items: [
      item('Start in five minutes', 'start'),
      item('Concepts', 'concepts'),
      item('Guarantees', 'guarantees'),
      item('What else there is', 'comparison'),
      item('Overview and figures', 'project/readme'),
    ],
  },
  {
    text: 'Write',
    items: [
      item('What a handler may do', 'handlers'),
      item('Nested calls', 'nested-calls'),
      item('Where calls differ', 'transparency'),
      item('Frameworks and tools', 'frameworks'),
      item('Other languages', 'other-languages'),
      item('Testing your service', 'packages/testing'),
      item('Examples', 'packages/examples'),
    ],
  },
  {
    text: 'Run',
    items: [
      item('Operations', 'operations'),
      item('Kubernetes', 'kubernetes'),
      item('Containers', 'docker'),
      item('Changing a group', 'upgrades'),
      item('Security', 'security'),
      item('The command line', 'packages/cli'),
    ],
  },
  {
    text: 'Look up',
    items: [item('Configuration', 'configuration'), item('Errors', 'errors'), item('Changelog', 'project/changelog')],
  },
  {
    text: 'Packages',
    items: [
      item('server', 'packages/server'),
      item('client', 'packages/client'),
      item('coordinator-embedded', 'packages/coordinator-embedded'),
      item('coordinator-etcd', 'packages/coordinator-etcd'),
      item('nestjs', 'packages/nestjs'),
      item('nice-grpc', 'packages/nice-grpc'),
      item('otel', 'packages/otel'),
    ],
  },
  {
    text: 'How it works',
    collapsed: true,
    items: [
      item('The design', 'design'),
      item('Architecture', 'project/architecture'),
      item('The simulator', 'packages/simulator'),
      item('Contributing', 'project/contributing'),
    ],
  },
];
