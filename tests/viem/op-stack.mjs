// Moves ether in and out with viem's OP Stack actions, unmodified.
// Input: one argument, the JSON that `altana dev --json` prints. Output: JSON of what was seen.
import { createPublicClient, createWalletClient, defineChain, http, parseEther } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import {
  chainConfig,
  getL2TransactionHashes,
  getWithdrawals,
  publicActionsL1,
  publicActionsL2,
  walletActionsL1,
  walletActionsL2,
} from 'viem/op-stack'

const dev = JSON.parse(process.argv[2])
const pollingInterval = 200
const account = privateKeyToAccount(dev.accounts[1].key)

const parent = defineChain({
  id: dev.parent.chainId,
  name: 'parent',
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: [dev.parent.rpc] } },
  contracts: { multicall3: { address: dev.parent.contracts.multicall3 } },
})
const on = (address) => ({ [parent.id]: { address } })
const rollup = defineChain({
  ...chainConfig,
  id: dev.rollup.chainId,
  name: 'rollup',
  sourceId: parent.id,
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: [dev.rollup.rpc] } },
  contracts: {
    ...chainConfig.contracts,
    portal: on(dev.parent.contracts.portal),
    disputeGameFactory: on(dev.parent.contracts.settlement),
    l1StandardBridge: on(dev.parent.contracts.standardBridge),
  },
})

const l1 = createPublicClient({ chain: parent, transport: http(), pollingInterval }).extend(publicActionsL1())
const l2 = createPublicClient({ chain: rollup, transport: http(), pollingInterval }).extend(publicActionsL2())
const walletL1 = createWalletClient({ account, chain: parent, transport: http(), pollingInterval }).extend(walletActionsL1())
const walletL2 = createWalletClient({ account, chain: rollup, transport: http(), pollingInterval }).extend(walletActionsL2())

function check(condition, message) {
  if (!condition) throw new Error(message)
}

// In: the hash that viem computes from the parent's receipt is the hash on the rollup.
const had = await l2.getBalance({ address: account.address })
const request = await l2.buildDepositTransaction({ account, mint: parseEther('2'), to: account.address })
const depositHash = await walletL1.depositTransaction(request)
const depositReceipt = await l1.waitForTransactionReceipt({ hash: depositHash })
const [l2Hash] = getL2TransactionHashes(depositReceipt)
const l2Receipt = await l2.waitForTransactionReceipt({ hash: l2Hash })
check(l2Receipt.status === 'success', 'the deposit failed on the rollup')
const has = await l2.getBalance({ address: account.address })
check(has - had === parseEther('2'), 'the deposit did not arrive')

// Fees, as OP wallets show them.
const to = '0x00000000000000000000000000000000000a17a0'
const call = { account, to, value: 1n }
const l1Fee = await l2.estimateL1Fee(call)
const total = await l2.estimateTotalFee(call)
check(l1Fee > 0n && total > l1Fee, 'the data fee is not visible')

// Out: initiate, prove, finalize.
const withdrawalRequest = await l1.buildInitiateWithdrawal({ account, to, value: parseEther('0.5') })
const withdrawHash = await walletL2.initiateWithdrawal(withdrawalRequest)
const receipt = await l2.waitForTransactionReceipt({ hash: withdrawHash })
check(receipt.status === 'success', 'the withdrawal failed on the rollup')
const [withdrawal] = getWithdrawals(receipt)
const { output } = await l1.waitToProve({ receipt, targetChain: rollup })
check((await l1.getWithdrawalStatus({ receipt, targetChain: rollup })) === 'ready-to-prove', 'not ready to prove')
const proof = await l2.buildProveWithdrawal({ account, output, withdrawal })
const proveHash = await walletL1.proveWithdrawal(proof)
const proveReceipt = await l1.waitForTransactionReceipt({ hash: proveHash })
check(proveReceipt.status === 'success', 'the proof was refused')
await l1.waitToFinalize({ targetChain: rollup, withdrawalHash: withdrawal.withdrawalHash })
const deadline = Date.now() + 60_000
for (;;) {
  const status = await l1.getWithdrawalStatus({ receipt, targetChain: rollup })
  if (status === 'ready-to-finalize') break
  check(Date.now() < deadline, `still ${status} after the time viem computed`)
  await new Promise((wake) => setTimeout(wake, pollingInterval))
}
const before = await l1.getBalance({ address: to })
const finalizeHash = await walletL1.finalizeWithdrawal({ targetChain: rollup, withdrawal })
const finalizeReceipt = await l1.waitForTransactionReceipt({ hash: finalizeHash })
check(finalizeReceipt.status === 'success', 'finalize failed')
check((await l1.getBalance({ address: to })) - before === parseEther('0.5'), 'the withdrawal was not paid')
check((await l1.getWithdrawalStatus({ receipt, targetChain: rollup })) === 'finalized', 'not finalized')

console.log(
  JSON.stringify({
    ok: true,
    depositGas: Number(depositReceipt.gasUsed),
    proveGas: Number(proveReceipt.gasUsed),
    finalizeGas: Number(finalizeReceipt.gasUsed),
    l1Fee: l1Fee.toString(),
  }),
)
