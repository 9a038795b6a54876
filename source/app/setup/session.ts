import {dirname, resolve} from 'node:path';
import {Cell} from '../../components/cell.js';
import {defaultConfiguration, type Flags} from '../../commands/invocation.js';
import {documentedAddress} from '../../core/config/template-address.js';
import {Failure} from '../../core/failure.js';
import {draftOf, isBlank, readDraft} from '../../core/wizard/draft.js';
import {emptyPair} from '../../core/wizard/entries.js';
import {initialWizard, planRequest, reduceWizard} from '../../core/wizard/reduce.js';
import type {Template, Wanted, WizardEvent, WizardState} from '../../core/wizard/types.js';
import {wanted} from '../../core/wizard/wanted.js';
import type {MachineLook} from '../../operations/look-at-machine.js';
import type * as Machine from './machine-access.js';
import type {TemplateAnswer} from './machine-access.js';

type MachineAccess = typeof Machine;

const isAddress = (text: string): boolean => /^[a-z][a-z\d+.-]*:\/\//i.test(text);

/**
 * One visit to the wizard: its state, and what the state wants from the machine. Lives apart from what is drawn. What goes wrong in a way that nobody
 * expects is handed to `failed`.
 */
export class SetupSession {
	/** Null until the draft was looked for. */
	readonly state = new Cell<WizardState | null>(null);
	/** Where the template is downloaded from. */
	readonly address: string;
	#access: Promise<MachineAccess> | null = null;
	readonly #flags: Flags;
	readonly #configuration: string;
	readonly #failed: (error: unknown) => void;
	readonly #asked = new Set<string>();
	readonly #download = new AbortController();
	#saving: Promise<void> = Promise.resolve();
	#unsaved: string | null = null;
	#begun = false;

	constructor(flags: Flags, failed: (error: unknown) => void) {
		this.#flags = flags;
		this.#failed = failed;
		this.#configuration = resolve(flags.config ?? defaultConfiguration);
		this.address = flags.template !== undefined && isAddress(flags.template) ? flags.template : documentedAddress;
	}

	/** Looks for a draft and at the machine. Once, however often it is called. */
	begin(): void {
		if (this.#begun) return;
		this.#begun = true;
		void this.#guard(async () => {
			const {applicationOffers, applications, loadDraft, lookAtMachine, machineSight} = await this.#machine();
			const draft = readDraft(await loadDraft(), this.#configuration);
			const {template} = this.#flags;
			this.state.set(initialWizard({
				configuration: this.#configuration, draft,
				...(template === undefined ? {} : {template: isAddress(template) ? template : resolve(template)}),
			}));
			const mounts = this.#flags.mount ?? [];
			const see = (look: MachineLook): void => this.send({type: 'machine-seen', machine: machineSight(look, mounts.length > 0)});
			await Promise.all([
				lookAtMachine({configuration: this.#configuration, mounts, onEarly: see}).then(see),
				applicationOffers(applications).then(offers => this.send({type: 'applications-seen', applications: offers})),
			]);
		});
	}

	/** An event; what the wizard wants then is done. */
	send(event: WizardEvent): void {
		const before = this.state.read();
		if (before === null) return;
		const now = reduceWizard(before, event);
		this.state.set(now);
		if (now.page !== before.page) this.#keep(now);
		for (const want of wanted(now)) this.#fulfil(want);
	}

	/** Keeps the draft as it is now. Answers why it could not be kept, in a sentence; null where it was, or where nothing was worth it. */
	async keepDraft(): Promise<string | null> {
		const now = this.state.read();
		if (now !== null) this.#keep(now);
		await this.#saving;
		return this.#unsaved;
	}

	/** There is something that a next visit can take up. */
	hasDraft(): boolean {
		const now = this.state.read();
		return now !== null && now.written === null && !isBlank(now);
	}

	/** Nothing is left to be taken up. */
	async dropDraft(): Promise<void> {
		await this.#saving;
		await (await this.#machine()).removeDraft();
	}

	close(): void {
		this.#download.abort();
	}

	async #machine(): Promise<MachineAccess> {
		return this.#access ??= import('./machine-access.js');
	}

	#keep(state: WizardState): void {
		if (state.written === null && isBlank(state)) return;
		this.#saving = this.#save(state, this.#saving);
	}

	/** One after another: the last one counts. */
	async #save(state: WizardState, before: Promise<void>): Promise<void> {
		await before;
		try {
			const {removeDraft, saveDraft} = await this.#machine();
			// What is written need not be taken up.
			if (state.written === null) await saveDraft(draftOf(state, new Date().toISOString()));
			else await removeDraft();
			this.#unsaved = null;
		} catch (error) {
			this.#unsaved = error instanceof Error ? error.message : String(error);
		}
	}

	#fulfil(want: Wanted): void {
		if (this.#asked.has(want.key)) return;
		this.#asked.add(want.key);
		void this.#guard(async () => {
			let event: WizardEvent;
			try {
				event = await this.#answer(want);
			} finally {
				this.#asked.delete(want.key);
			}
			this.send(event);
		});
	}

	async #answer(want: Wanted): Promise<WizardEvent> {
		const machine = await this.#machine();
		switch (want.want) {
			case 'look':
				return {type: 'looked', look: await machine.lookAtPath(want.path)};
			case 'template':
				return this.#template(want, machine);
			case 'plan':
				return {type: 'planned', key: want.key, plan: await machine.planConfiguration(this.#request(machine))};
			case 'write':
				return this.#write(machine);
		}
	}

	async #template(want: Extract<Wanted, {readonly want: 'template'}>, machine: MachineAccess): Promise<WizardEvent> {
		const key = want.key.slice('template:'.length);
		try {
			const answer = want.source === 'bundled' ? machine.bundledTemplate() : want.source === 'file' ? machine.readTemplateFile(want.path) : await machine.downloadTemplate({address: this.address, signal: this.#download.signal});
			return {type: 'template-read', key, template: templateOf(answer)};
		} catch (error) {
			if (!(error instanceof Failure)) throw error;
			return {type: 'template-failed', key, sentence: error.message};
		}
	}

	#request({bundledScripts}: MachineAccess): ReturnType<typeof planRequest> {
		const state = this.state.read()!;
		const request = planRequest(state);
		if (state.entries.application !== emptyPair) return request;
		const {pre, post} = bundledScripts(dirname(this.#configuration));
		return {...request, scripts: [pre, post]};
	}

	async #write({applyPlan}: MachineAccess): Promise<WizardEvent> {
		try {
			const {done, backup} = await applyPlan(this.state.read()!.plan!.plan);
			return {type: 'written', done, backup};
		} catch (error) {
			if (!(error instanceof Failure)) throw error;
			return {type: 'write-failed', sentence: [error.message, ...error.remedies].join('\n')};
		}
	}

	async #guard(work: () => Promise<void>): Promise<void> {
		try {
			await work();
		} catch (error) {
			this.#failed(error);
		}
	}
}

function templateOf({configuration, note}: TemplateAnswer): Template {
	return {text: configuration.text, settings: configuration.settings, note};
}
