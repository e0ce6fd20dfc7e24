import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { createBrowserRouter, RouterProvider } from 'react-router';
import { queryClient } from '../api/queryClient';
import { Broken, NotFound } from './Broken';
import { Shell } from './Shell';
import { theme } from './theme';

const router = createBrowserRouter(
  [
    {
      Component: Shell,
      ErrorBoundary: Broken,
      HydrateFallback: () => null,
      children: [
        {
          index: true,
          lazy: async () => ({ Component: (await import('../applications/ApplicationsView')).ApplicationsView }),
        },
        {
          path: 'applications/:application',
          lazy: async () => ({ Component: (await import('../applications/ApplicationView')).ApplicationView }),
          children: [
            {
              index: true,
              lazy: async () => ({ Component: (await import('../pipelines/PipelinesView')).PipelinesView }),
            },
            {
              path: 'pipelines/:pipeline/plan',
              lazy: async () => ({ Component: (await import('../plans/PipelinePlanView')).PipelinePlanView }),
            },
            {
              path: 'clusters',
              lazy: async () => ({ Component: (await import('../clusters/ClustersView')).ClustersView }),
            },
          ],
        },
        {
          path: 'applications/:application/executions/:execution',
          lazy: async () => ({ Component: (await import('../executions/ExecutionView')).ExecutionView }),
        },
        { path: '*', Component: NotFound },
      ],
    },
  ],
  { basename: '/ui' },
);

export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
