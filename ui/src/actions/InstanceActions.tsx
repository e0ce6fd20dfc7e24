import { Button } from '@mantine/core';
import type { ServerGroup } from '../api/types';
import { IconPlugConnected, IconPlugConnectedX, IconReload, IconTrash } from '../icons/icons';
import classes from './actions.module.css';
import { instanceActionsOf, type InstanceAction } from './actions';
import { texts } from './texts';
import { useCapabilities } from './useActions';

const icons: Record<InstanceAction, typeof IconTrash> = {
  terminate: IconTrash,
  reboot: IconReload,
  register: IconPlugConnected,
  deregister: IconPlugConnectedX,
};

/** What can be done to a single instance, as far as its cloud can. */
export function InstanceActions({ group, onAct }: { group: ServerGroup; onAct: (action: InstanceAction) => void }) {
  const actions = instanceActionsOf(group, useCapabilities(group.account));
  if (actions.length === 0) return <p className="dim">{texts.noInstanceActions}</p>;
  return (
    <div className={classes.buttons}>
      {actions.map((action) => {
        const Icon = icons[action];
        return (
          <Button key={action} size="xs" variant="default" leftSection={<Icon size={14} />} onClick={() => onAct(action)}>
            {texts.instance[action].item}
          </Button>
        );
      })}
    </div>
  );
}
