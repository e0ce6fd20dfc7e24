import { ActionIcon, Menu, NumberInput, Select } from '@mantine/core';
import { useState } from 'react';
import type { ClusterLock, ServerGroup } from '../api/types';
import { isDisabled, shortName } from '../clusters/infrastructure';
import { IconArrowBackUp, IconArrowsDiagonal, IconDotsVertical, IconPower, IconTrash } from '../icons/icons';
import { ActionDialog } from './ActionDialog';
import classes from './actions.module.css';
import { actionsOf, destroy, disable, enable, resize, rollBack, rollBackEnds, sizeOf, type GroupAction } from './actions';
import { texts } from './texts';

const icons: Record<GroupAction, typeof IconPower> = {
  resize: IconArrowsDiagonal,
  enable: IconPower,
  disable: IconPower,
  rollBack: IconArrowBackUp,
  destroy: IconTrash,
};

/** What can be done to a server group, each behind a dialog. */
export function GroupMenu({ group, groups, onAct }: { group: ServerGroup; groups: ServerGroup[]; onAct: (action: GroupAction) => void }) {
  const word = (action: GroupAction) =>
    action === 'rollBack' && isDisabled(group) ? texts.items.rollBackTo : texts.items[action];
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="md" aria-label={texts.menu(group.name)}>
          <IconDotsVertical size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {actionsOf(group, groups).map((action) => {
          const Icon = icons[action];
          return (
            <Menu.Item
              key={action}
              leftSection={<Icon size={15} />}
              color={action === 'destroy' ? 'red' : undefined}
              onClick={() => onAct(action)}
            >
              {word(action)}
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}

interface DialogProps {
  application: string;
  group: ServerGroup;
  /** Of its cluster. */
  groups: ServerGroup[];
  lock?: ClusterLock;
  onClose: () => void;
}

export function GroupActionDialog({ chosen, ...props }: DialogProps & { chosen: GroupAction }) {
  const { application, group, groups, lock, onClose } = props;
  if (chosen === 'resize') return <ResizeDialog {...props} />;
  if (chosen === 'rollBack') return <RollBackDialog {...props} />;
  const action = { enable, disable, destroy }[chosen](group, groups);
  return <ActionDialog application={application} action={action} lock={lock} onClose={onClose} />;
}

function ResizeDialog({ application, group, lock, onClose }: DialogProps) {
  // What it was when the dialog opened, whatever the inventory says meanwhile.
  const [desired, setDesired] = useState<number | string>(() => sizeOf(group));
  const whole = typeof desired === 'number' && Number.isInteger(desired) && desired >= 0;
  return (
    <ActionDialog
      application={application}
      action={resize(group, whole ? desired : sizeOf(group))}
      lock={lock}
      onClose={onClose}
      incomplete={!whole || desired === sizeOf(group)}
    >
      <NumberInput
        label={texts.size}
        value={desired}
        onChange={setDesired}
        min={0}
        max={10_000}
        allowDecimal={false}
        allowNegative={false}
        data-autofocus
      />
    </ActionDialog>
  );
}

function RollBackDialog({ application, group, groups, lock, onClose }: DialogProps) {
  // Who has traffic changes while the task runs: the choice stays what it was when the dialog opened.
  const [ends] = useState(() => rollBackEnds(group, groups));
  const [from, setFrom] = useState(ends.from[0]?.name);
  const [to, setTo] = useState(ends.to[0]?.name);
  const away = ends.from.find(({ name }) => name === from);
  const back = ends.to.find(({ name }) => name === to);
  if (!away || !back) return null;
  return (
    <ActionDialog application={application} action={rollBack(away, back)} lock={lock} onClose={onClose}>
      <div className={classes.pair}>
        <End label={texts.moveFrom} ends={ends.from} value={away} onChange={setFrom} />
        <End label={texts.moveTo} ends={ends.to} value={back} onChange={setTo} />
      </div>
    </ActionDialog>
  );
}

interface EndProps {
  label: string;
  ends: ServerGroup[];
  value: ServerGroup;
  onChange: (name: string) => void;
}

function End({ label, ends, value, onChange }: EndProps) {
  return (
    <Select
      label={label}
      data={ends.map((group) => ({ value: group.name, label: shortName(group) }))}
      value={value.name}
      onChange={(name) => name && onChange(name)}
      readOnly={ends.length === 1}
      allowDeselect={false}
    />
  );
}
