// Moves ether, an ERC-20 and an ERC-721 in and out with viem's OP Stack actions, unmodified.
// Input: one argument, the JSON that `altana dev --json` prints. Output: JSON of what was seen.
import { readFileSync } from 'node:fs'
import { createPublicClient, createWalletClient, defineChain, getContract, http, parseAbi, parseEther, parseEventLogs, serializeTransaction } from 'viem'
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
// Who is paid on the parent: an account that nothing else pays.
const haven = '0x00000000000000000000000000000000000a17a0'

// The chains, as a user of viem defines them.
const ether = { name: 'Ether', symbol: 'ETH', decimals: 18 }
const parent = defineChain({
  id: dev.parent.chainId,
  name: 'parent',
  nativeCurrency: ether,
  rpcUrls: { default: { http: [dev.parent.rpc] } },
  contracts: { multicall3: { address: dev.parent.contracts.multicall3 } },
})
const on = (address) => ({ [parent.id]: { address } })
const rollup = defineChain({
  ...chainConfig,
  id: dev.rollup.chainId,
  name: 'rollup',
  sourceId: parent.id,
  nativeCurrency: ether,
  rpcUrls: { default: { http: [dev.rollup.rpc], webSocket: [dev.rollup.ws] } },
  contracts: {
    ...chainConfig.contracts,
    multicall3: { address: dev.rollup.contracts.multicall3 },
    portal: on(dev.parent.contracts.portal),
    disputeGameFactory: on(dev.parent.contracts.settlement),
    l1StandardBridge: on(dev.parent.contracts.standardBridge),
    l1Erc721Bridge: on(dev.parent.contracts.erc721Bridge),
  },
})

const l1 = createPublicClient({ chain: parent, transport: http(), pollingInterval }).extend(publicActionsL1())
const l2 = createPublicClient({ chain: rollup, transport: http(), pollingInterval }).extend(publicActionsL2())

// Each asset has its own account, so that they can move at the same time.
function user(index) {
  const account = privateKeyToAccount(dev.accounts[index].key)
  const walletL1 = createWalletClient({ account, chain: parent, transport: http(), pollingInterval }).extend(walletActionsL1())
  const walletL2 = createWalletClient({ account, chain: rollup, transport: http(), pollingInterval }).extend(walletActionsL2())
  return { account, me: account.address, walletL1, walletL2 }
}

const standardBridge = parseAbi([
  'function depositERC20To(address l1Token, address l2Token, address to, uint256 amount, uint32 minGasLimit, bytes extraData)',
  'function withdrawTo(address l2Token, address to, uint256 amount, uint32 minGasLimit, bytes extraData)',
])
const erc721Bridge = parseAbi([
  'function bridgeERC721To(address localToken, address remoteToken, address to, uint256 tokenId, uint32 minGasLimit, bytes extraData)',
])
const factories = parseAbi([
  'function createOptimismMintableERC20(address remoteToken, string name, string symbol) returns (address)',
  'function createOptimismMintableERC721(address remoteToken, string name, string symbol) returns (address)',
  'event OptimismMintableERC20Created(address indexed localToken, address indexed remoteToken, address deployer)',
  'event OptimismMintableERC721Created(address indexed localToken, address indexed remoteToken, address deployer)',
])
const oracle = { ...chainConfig.contracts.gasPriceOracle, abi: parseAbi(['function getL1Fee(bytes data) view returns (uint256)']) }
const BRIDGE_GAS = 200_000

function check(condition, message) {
  if (!condition) throw new Error(message)
}

async function mined(client, hash, what) {
  const receipt = await client.waitForTransactionReceipt({ hash })
  check(receipt.status === 'success', `${what} failed`)
  return receipt
}

// The Portal's price for rollup gas moves with each deposit: an estimate needs a margin.
async function deposit({ account, walletL1 }, call) {
  const gas = await l1.estimateContractGas({ ...call, account })
  return walletL1.writeContract({ ...call, gas: (gas * 3n) / 2n })
}

// In: the hashes that viem computes from the parent's receipt are the hashes on the rollup.
async function arrived(hash, what) {
  const receipt = await mined(l1, hash, `${what} on the parent`)
  const hashes = getL2TransactionHashes(receipt)
  check(hashes.length === 1, `${what}: ${hashes.length} deposits`)
  await mined(l2, hashes[0], `${what} on the rollup`)
  return Number(receipt.gasUsed)
}

// Out: prove and finalize what a transaction on the rollup withdrew.
async function out({ account, walletL1 }, hash, what) {
  const receipt = await mined(l2, hash, what)
  const [withdrawal] = getWithdrawals(receipt)
  const status = () => l1.getWithdrawalStatus({ receipt, targetChain: rollup })
  const { output } = await l1.waitToProve({ receipt, targetChain: rollup })
  check((await status()) === 'ready-to-prove', `${what}: not ready to prove`)
  const proof = await l2.buildProveWithdrawal({ account, output, withdrawal })
  const proven = await mined(l1, await walletL1.proveWithdrawal(proof), `${what}: the proof`)
  await l1.waitToFinalize({ targetChain: rollup, withdrawalHash: withdrawal.withdrawalHash })
  const deadline = Date.now() + 60_000
  while ((await status()) !== 'ready-to-finalize') {
    check(Date.now() < deadline, `${what}: still ${await status()} after the time viem computed`)
    await new Promise((wake) => setTimeout(wake, pollingInterval))
  }
  const finalized = await mined(l1, await walletL1.finalizeWithdrawal({ targetChain: rollup, withdrawal }), `${what}: the last step`)
  check((await status()) === 'finalized', `${what}: not finalized`)
  return { proveGas: Number(proven.gasUsed), finalizeGas: Number(finalized.gasUsed) }
}

// A contract on the parent, and its image on the rollup from one of the factories.
async function launch({ walletL1, walletL2 }, contract, name, symbol, count, factory, create, event) {
  const { abi, bytecode } = JSON.parse(readFileSync(new URL(`../../contracts/artifacts/${contract}.json`, import.meta.url)))
  const created = await mined(l1, await walletL1.deployContract({ abi, bytecode, args: [name, symbol, count] }), contract)
  const token = getContract({ abi, address: created.contractAddress, client: { public: l1, wallet: walletL1 } })
  const call = { abi: factories, address: factory, functionName: create, args: [token.address, name, symbol] }
  const made = await mined(l2, await walletL2.writeContract(call), 'the factory')
  const [{ args }] = parseEventLogs({ abi: factories, logs: made.logs, eventName: event })
  return [token, getContract({ abi, address: args.localToken, client: l2 })]
}

async function moveEther(user) {
  const { account, me, walletL1, walletL2 } = user
  const had = await l2.getBalance({ address: me })
  const request = await l2.buildDepositTransaction({ account, mint: parseEther('2'), to: me })
  const depositGas = await arrived(await walletL1.depositTransaction(request), 'the deposit of ether')
  check((await l2.getBalance({ address: me })) - had === parseEther('2'), 'the ether did not arrive')

  const withdrawal = await l1.buildInitiateWithdrawal({ account, to: haven, value: parseEther('0.5') })
  const gas = await out(user, await walletL2.initiateWithdrawal(withdrawal), 'the withdrawal of ether')
  check((await l1.getBalance({ address: haven })) === parseEther('0.5'), 'the ether was not paid')
  return { depositGas, ...gas }
}

async function moveErc20(user) {
  const { me, walletL1, walletL2 } = user
  const [token, image] = await launch(
    user,
    'DemoToken', 'Venice', 'VEN', parseEther('1000'),
    dev.rollup.contracts.erc20Factory, 'createOptimismMintableERC20', 'OptimismMintableERC20Created',
  )
  const { address } = rollup.contracts.l1StandardBridge[parent.id]
  await mined(l1, await token.write.approve([address, parseEther('10')]), 'the approval')
  const args = [token.address, image.address, me, parseEther('10'), BRIDGE_GAS, '0x']
  const call = { abi: standardBridge, address, functionName: 'depositERC20To', args }
  const depositGas = await arrived(await deposit(user, call), 'the deposit of tokens')
  check((await image.read.balanceOf([me])) === parseEther('10'), 'the tokens did not arrive')

  const back = [image.address, haven, parseEther('4'), BRIDGE_GAS, '0x']
  const request = { abi: standardBridge, address: chainConfig.contracts.l2StandardBridge.address, functionName: 'withdrawTo', args: back }
  const gas = await out(user, await walletL2.writeContract(request), 'the withdrawal of tokens')
  check((await token.read.balanceOf([haven])) === parseEther('4'), 'the tokens were not paid')
  check((await image.read.balanceOf([me])) === parseEther('6'), 'the image was not burnt')
  return { depositGas, ...gas }
}

async function moveErc721(user) {
  const { me, walletL1, walletL2 } = user
  const [token, image] = await launch(
    user,
    'DemoCollection', 'Masks', 'MSK', 2n,
    dev.rollup.contracts.erc721Factory, 'createOptimismMintableERC721', 'OptimismMintableERC721Created',
  )
  const { address } = rollup.contracts.l1Erc721Bridge[parent.id]
  await mined(l1, await token.write.approve([address, 2n]), 'the approval')
  const args = [token.address, image.address, me, 2n, BRIDGE_GAS, '0x']
  const call = { abi: erc721Bridge, address, functionName: 'bridgeERC721To', args }
  const depositGas = await arrived(await deposit(user, call), 'the deposit of an ERC-721')
  check((await image.read.ownerOf([2n])) === me, 'the ERC-721 did not arrive')

  const back = [image.address, token.address, haven, 2n, BRIDGE_GAS, '0x']
  const request = { abi: erc721Bridge, address: dev.rollup.contracts.erc721Bridge, functionName: 'bridgeERC721To', args: back }
  const gas = await out(user, await walletL2.writeContract(request), 'the withdrawal of an ERC-721')
  check((await token.read.ownerOf([2n])).toLowerCase() === haven, 'the ERC-721 was not paid')
  return { depositGas, ...gas }
}

// Fees, as OP wallets show them: what viem estimates is what the oracle says and what the receipt charges.
async function fees({ account, walletL2 }) {
  // The rollup hears of its parent's fees in its first block.
  await mined(l2, await walletL2.sendTransaction({ to: haven, value: 1n }), 'the first transfer')
  const call = { account, to: haven, value: 1n }
  const l1Fee = await l2.estimateL1Fee(call)
  const l1Gas = await l2.estimateL1Gas(call)
  const total = await l2.estimateTotalFee(call)
  check(l1Fee > 0n && l1Gas > 0n && total > l1Fee, 'the data fee is not visible')

  const prepared = await walletL2.prepareTransactionRequest({ to: haven, value: 1n, type: 'eip1559' })
  const signed = await walletL2.signTransaction(prepared)
  const hash = await walletL2.sendRawTransaction({ serializedTransaction: signed })
  const receipt = await mined(l2, hash, 'a transfer')
  // The oracle takes the transaction without its signature, at the state in which it ran.
  const unsigned = serializeTransaction({ ...prepared, chainId: rollup.id })
  const asked = await l2.readContract({ ...oracle, functionName: 'getL1Fee', args: [unsigned], blockNumber: receipt.blockNumber })
  check(receipt.l1Fee > 0n, 'the receipt has no data fee')
  const apart = asked > receipt.l1Fee ? asked - receipt.l1Fee : receipt.l1Fee - asked
  check(apart * 50n <= receipt.l1Fee, `the oracle says ${asked} wei, the receipt ${receipt.l1Fee}`)
  return { l1Fee: l1Fee.toString(), charged: receipt.l1Fee.toString(), oracle: asked.toString(), total: total.toString() }
}

const all = await Promise.all([moveEther(user(1)), moveErc20(user(2)), moveErc721(user(3)), fees(user(4))])
const [ofEther, ofErc20, ofErc721, ofFees] = all
console.log(JSON.stringify({ ok: true, ether: ofEther, erc20: ofErc20, erc721: ofErc721, fees: ofFees }))
