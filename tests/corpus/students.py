"""Student mistakes in hand-written gradients: a first corpus, written apart from the diagnosis and used while it was built.

C: (name, f, p, right, wrong), f a scalar loss of one float64 array p.  MULTI: (name, f, args, right, wrong), right/wrong return tuples.
ACCEPTED[name]: kinds of diagnosis that count as naming the mistake.  WHERE[name]: the name assigned by the line of f whose
hop is differentiated wrongly (or whose contribution is missing/doubled), or an operation/argument name, or None.
Test WHERE as a whole word (where_ok below): short names occur inside ordinary words.
Names beginning with PAIR hold two slips at once (ACCEPTED lists the kinds of either slip; WHERE is None or one of the places).
"""
import numpy as np
rng=np.random.default_rng(4711)
R=lambda *s: rng.normal(size=s)
U=lambda a,b,*s: rng.uniform(a,b,size=s)
sig=lambda z:1/(1+np.exp(-z))
def softmax(z,ax=-1):
    e=np.exp(z-z.max(axis=ax,keepdims=True)); return e/e.sum(axis=ax,keepdims=True)
C=[]; MULTI=[]; ACCEPTED={}; WHERE={}
def _reg(L,tag,name,f,p,right,wrong,acc,where):
    if not name.startswith('PAIR'): name=f'{tag}{len(L)+1:03d} {name}'
    assert name not in ACCEPTED, name
    L.append((name,f,p,right,wrong)); ACCEPTED[name]=acc.split(); WHERE[name]=where
def add(name,f,p,right,wrong,acc,where=None): _reg(C,'S',name,f,p,right,wrong,acc,where)
def mul(name,f,args,right,wrong,acc,where=None): _reg(MULTI,'T',name,f,args,right,wrong,acc,where)

N,D,H,K=6,4,5,3
X=R(N,D); T=R(N,K); tn=R(N); lab=np.array([0,2,1,1,0,2]); Y=np.eye(K)[lab]; ar=np.arange(N)
yb=np.array([1.,0,0,1,1,0]); ypm=2*yb-1
W=R(D,K); w=R(D); lam=.4
GK=R(N,K); ZK=R(N,K); c6=R(6); x6=R(6); q6=U(.8,2,6); t6=R(6)

# ---------------------------------------------------------------- regularisation, least squares
def f_ridge(w):
    resid=X@w-tn
    data=(resid**2).sum()/(2*N)
    penalty=lam*(w**2).sum()
    return data+penalty
dd=lambda w:X.T@(X@w-tn)/N
add('ridge: penalty forgotten in the gradient',f_ridge,w,lambda w:dd(w)+2*lam*w,dd,'missing-path','penalty')
add('ridge: penalty subtracted (weight decay sign)',f_ridge,w,lambda w:dd(w)+2*lam*w,lambda w:dd(w)-2*lam*w,'sign','penalty')
add('ridge: penalty counted with lam w^2 not differentiated',f_ridge,w,lambda w:dd(w)+2*lam*w,lambda w:dd(w)+lam*w**2,'wrong-local-derivative wrong-value','penalty')
def f_half(W):
    fit=.5*((X@W-T)**2).sum()
    decay=.5*lam*(W**2).sum()
    return fit+decay
dfit=lambda W:X.T@(X@W-T)
add('half lam W^2 differentiated to 2 lam W',f_half,W,lambda W:dfit(W)+lam*W,lambda W:dfit(W)+2*lam*W,'factor wrong-local-derivative','decay')
def f_ng(w):
    resid=X@w-tn
    return (resid@resid)/(2*N)+lam/(2*N)*(w@w)
add('penalty lam/(2N): /N forgotten on the penalty only',f_ng,w,lambda w:dd(w)+lam*w/N,lambda w:dd(w)+lam*w,'factor missing-factor')
def f_lasso(w):
    fit=.5*((X@w-tn)**2).sum()
    l1=lam*np.abs(w).sum()
    return fit+l1
df1=lambda w:X.T@(X@w-tn)
add('lasso: lam*w instead of lam*sign(w)',f_lasso,w,lambda w:df1(w)+lam*np.sign(w),lambda w:df1(w)+lam*w,'wrong-local-derivative wrong-function wrong-value','l1')
add('lasso: lam without sign(w)',f_lasso,w,lambda w:df1(w)+lam*np.sign(w),lambda w:df1(w)+lam,'missing-factor wrong-local-derivative sign wrong-branch','l1')
def f_nobias(th):
    resid=X@th-tn
    fit=.5*(resid**2).sum()
    pen=.5*lam*(th[1:]**2).sum()
    return fit+pen
def d_nobias(th): g=df1(th)+lam*th; g[0]-=lam*th[0]; return g
add('intercept regularised as well',f_nobias,w,d_nobias,lambda th:df1(th)+lam*th,'extra-path wrong-index','pen')
mse2=lambda W:((X@W-T)**2).mean()
add('mean over N*K divided by N only',mse2,W,lambda W:2*X.T@(X@W-T)/T.size,lambda W:2*X.T@(X@W-T)/N,'factor','mean')
def f_sse(w):
    pred=X@w
    resid=tn-pred
    J=(resid**2).sum()
    return J
add('residual t-pred: inner minus forgotten',f_sse,w,lambda w:-2*X.T@(tn-X@w),lambda w:2*X.T@(tn-X@w),'sign','resid')
add('gradient of the prediction, not of the loss',f_sse,w,lambda w:-2*X.T@(tn-X@w),lambda w:X.sum(0),'missing-cotangent wrong-function','J')
add('mean of x times mean of residual',f_sse,w,lambda w:-2*X.T@(tn-X@w),lambda w:-2*N*X.mean(0)*(tn-X@w).mean(),'missing-sum wrong-axis wrong-value wrong-function unknown','pred')
add('squared residual times x (power not reduced)',f_sse,w,lambda w:-2*X.T@(tn-X@w),lambda w:-2*X.T@(tn-X@w)**2,'wrong-local-derivative repeated-cotangent wrong-value extra-factor','J')
def f_rmse(w):
    resid=X@w-tn
    mse=(resid**2).mean()
    rmse=np.sqrt(mse)
    return rmse
d_mse=lambda w:2*X.T@(X@w-tn)/N
add('RMSE: root not differentiated (gradient of MSE)',f_rmse,w,lambda w:d_mse(w)/(2*np.sqrt(((X@w-tn)**2).mean())),d_mse,'missing-factor wrong-function','rmse')
add('RMSE: sqrt of the gradient factor, .5*sqrt(mse)',f_rmse,w,lambda w:d_mse(w)/(2*np.sqrt(((X@w-tn)**2).mean())),lambda w:d_mse(w)*.5*np.sqrt(((X@w-tn)**2).mean()),'wrong-local-derivative wrong-value factor','rmse')
mae=lambda w:np.abs(X@w-tn).mean()
add('MAE: residual instead of its sign',mae,w,lambda w:X.T@np.sign(X@w-tn)/N,lambda w:X.T@(X@w-tn)/N,'wrong-local-derivative wrong-function wrong-value','abs')
xs=U(-1,1.5,7); ys=R(7)
def f_line(th):
    yline=th[0]+th[1]*xs
    err2=(yline-ys)**2
    return err2.sum()
d_line=lambda th,a,b:np.array([(2*(th[0]+th[1]*xs-ys)*a).sum(),(2*(th[0]+th[1]*xs-ys)*b).sum()])
add('line fit: x multiplied into the intercept too',f_line,R(2),lambda th:d_line(th,1,xs),lambda th:d_line(th,xs,xs),'extra-factor wrong-index wrong-local-derivative wrong-value','yline')
add('line fit: slope and intercept gradients exchanged',f_line,R(2),lambda th:d_line(th,1,xs),lambda th:d_line(th,xs,1),'swapped permuted wrong-index','yline')
add('line fit: slope without x',f_line,R(2),lambda th:d_line(th,1,xs),lambda th:d_line(th,1,1),'missing-factor wrong-local-derivative wrong-index','yline')
def f_poly(a):
    V=xs[:,None]**np.arange(4)
    resid=V@a-ys
    return .5*(resid@resid)
V4=xs[:,None]**np.arange(4)
def d_poly_bad(a):  # d/da_k taken as k x^(k-1), the derivative in x
    B=np.stack([np.zeros(7),np.ones(7),2*xs,3*xs**2],1); return B.T@(V4@a-ys)
add('polynomial fit: differentiated in x instead of the coefficients',f_poly,R(4),lambda a:V4.T@(V4@a-ys),d_poly_bad,'wrong-function wrong-local-derivative wrong-value wrong-index unknown','resid')
add('polynomial fit: powers start at 1 (index off by one)',f_poly,R(4),lambda a:V4.T@(V4@a-ys),lambda a:(V4*xs[:,None]).T@(V4@a-ys),'wrong-index extra-factor wrong-local-derivative wrong-value','resid')
omega=U(.3,2.5,N)
def f_wls(w):
    resid=X@w-tn
    weighted=omega*resid**2
    return .5*weighted.sum()
add('weighted least squares: weights forgotten',f_wls,w,lambda w:X.T@(omega*(X@w-tn)),lambda w:X.T@(X@w-tn),'missing-factor wrong-function','weighted')
add('weighted least squares: weights squared',f_wls,w,lambda w:X.T@(omega*(X@w-tn)),lambda w:X.T@(omega**2*(X@w-tn)),'extra-factor wrong-local-derivative repeated-cotangent wrong-value','weighted')

# ---------------------------------------------------------------- SVM, hinge
def f_svm(W):
    scores=X@W
    correct=scores[ar,lab][:,None]
    margins=np.maximum(0,scores-correct+1)
    hinge=margins*(1-Y)
    return hinge.sum()/N
def d_svm(W,marg=1,own=True,avg=True,lb=lab):
    S=X@W; M=((S-S[ar,lab][:,None]+marg>0)&(Y==0)).astype(float)
    if own: M[ar,lb]-=M.sum(1)
    return X.T@M/(N if avg else 1)
add('SVM: not averaged over N',f_svm,W,d_svm,lambda W:d_svm(W,avg=False),'factor')
add('SVM: correct class column never updated',f_svm,W,d_svm,lambda W:d_svm(W,own=False),'missing-path','correct')
add('SVM: mask without the margin of 1',f_svm,W*.5,d_svm,lambda W:d_svm(W,marg=0),'wrong-branch','margins')
add('SVM: subtracted at the wrong label (off by one)',f_svm,W,d_svm,lambda W:d_svm(W,lb=(lab+1)%K),'wrong-index','correct')
def f_hin(w):
    mrg=ypm*(X@w)
    slack=np.maximum(0,1-mrg)
    return slack.mean()
d_hin=lambda w:-X.T@(ypm*(ypm*(X@w)<1))/N
wh=np.array([.9,-.5,.6,1.1])
add('hinge: mask inverted',f_hin,wh,d_hin,lambda w:-X.T@(ypm*(ypm*(X@w)>1))/N,'wrong-branch','slack')
add('hinge: label y missing',f_hin,wh,d_hin,lambda w:-X.T@(1.*(ypm*(X@w)<1))/N,'missing-factor sign wrong-local-derivative','mrg')
add('hinge: mask y s<0 (misclassified only)',f_hin,wh,d_hin,lambda w:-X.T@(ypm*(ypm*(X@w)<0))/N,'wrong-branch wrong-function','slack')
add('hinge: mask forgotten',f_hin,wh,d_hin,lambda w:-X.T@ypm/N,'wrong-branch missing-factor','slack')
def f_sqh(w):
    mrg=ypm*(X@w)
    slack=np.maximum(0,1-mrg)
    J=(slack**2).sum()
    return J
add('squared hinge: 2*mask, slack missing',f_sqh,wh,lambda w:-2*X.T@(ypm*np.maximum(0,1-ypm*(X@w))),lambda w:-2*X.T@(ypm*(ypm*(X@w)<1)),'missing-factor missing-cotangent wrong-local-derivative wrong-function','J')

# ---------------------------------------------------------------- logistic regression
def f_log(w):
    z=X@w
    prob=sig(z)
    ce=-(yb*np.log(prob)+(1-yb)*np.log(1-prob))
    return ce.mean()
d_log=lambda w:X.T@(sig(X@w)-yb)/N
add('logistic: sigmoid\' kept together with p-y',f_log,w,d_log,lambda w:X.T@((sig(X@w)-yb)*sig(X@w)*(1-sig(X@w)))/N,'extra-factor wrong-function','prob')
add('logistic: y-p (gradient ascent)',f_log,w,d_log,lambda w:X.T@(yb-sig(X@w))/N,'sign')
add('logistic: sum not averaged',f_log,w,d_log,lambda w:X.T@(sig(X@w)-yb),'factor','mean')
add('logistic: only the y log p term',f_log,w,d_log,lambda w:X.T@(-yb*(1-sig(X@w)))/N,'missing-path','ce')
add('logistic: second term sign, -(1-y)/(1-p)',f_log,w,d_log,lambda w:X.T@(-yb*(1-sig(X@w))-(1-yb)*sig(X@w))/N,'sign','ce')
add('logistic: (p-y)/(p(1-p)) without sigmoid\'',f_log,w,d_log,lambda w:X.T@((sig(X@w)-yb)/(sig(X@w)*(1-sig(X@w))))/N,'missing-factor','prob')
add('logistic: hard prediction in place of probability',f_log,w,d_log,lambda w:X.T@((X@w>0)-yb)/N,'wrong-value wrong-local-derivative wrong-function','prob')
def f_pm(w):
    mrg=ypm*(X@w)
    ellv=np.log1p(np.exp(-mrg))
    return ellv.sum()
d_pm=lambda w:X.T@(-ypm*sig(-ypm*(X@w)))
add('log(1+exp(-m)): sigmoid(m) for sigmoid(-m)',f_pm,w,d_pm,lambda w:X.T@(-ypm*sig(ypm*(X@w))),'wrong-local-derivative wrong-value sign','ellv')
add('log(1+exp(-m)): inner minus of exp(-m) forgotten',f_pm,w,d_pm,lambda w:X.T@(ypm*sig(-ypm*(X@w))),'sign','ellv')
add('log(1+exp(-m)): label factor missing',f_pm,w,d_pm,lambda w:X.T@(-sig(-ypm*(X@w))),'missing-factor sign','mrg')
posw=2.5
pwl=lambda z:-(posw*yb*np.log(sig(z))+(1-yb)*np.log(1-sig(z))).sum()
add('BCE with pos_weight: weight ignored',pwl,x6,lambda z:-posw*yb*(1-sig(z))+(1-yb)*sig(z),lambda z:sig(z)-yb,'missing-factor factor wrong-function')

# ---------------------------------------------------------------- activations
def f_sg(z):
    a1=sig(z)
    J=.5*((a1-t6)**2).sum()
    return J
d_sg=lambda z,l:(sig(z)-t6)*l(sig(z))
add('sigmoid\' = s(1+s)',f_sg,x6,lambda z:d_sg(z,lambda s:s*(1-s)),lambda z:d_sg(z,lambda s:s*(1+s)),'wrong-local-derivative','a1')
add('sigmoid\' taken as 1-s^2 (tanh)',f_sg,x6,lambda z:d_sg(z,lambda s:s*(1-s)),lambda z:d_sg(z,lambda s:1-s*s),'wrong-local-derivative','a1')
add('sigmoid\' as 1-s',f_sg,x6,lambda z:d_sg(z,lambda s:s*(1-s)),lambda z:d_sg(z,lambda s:1-s),'missing-factor wrong-local-derivative','a1')
add('sigmoid applied twice: s(s)(1-s(s))',f_sg,x6,lambda z:d_sg(z,lambda s:s*(1-s)),lambda z:d_sg(z,lambda s:sig(s)*(1-sig(s))),'wrong-local-derivative wrong-value','a1')
add('target in place of residual',f_sg,x6,lambda z:d_sg(z,lambda s:s*(1-s)),lambda z:t6*sig(z)*(1-sig(z)),'wrong-value missing-path wrong-local-derivative','J')
add('sigmoid\' precedence: e*s*1-s',f_sg,x6,lambda z:d_sg(z,lambda s:s*(1-s)),lambda z:(sig(z)-t6)*sig(z)*1-sig(z),'precedence wrong-local-derivative missing-cotangent','a1')
def f_th(z):
    a1=np.tanh(z)
    J=(c6*a1**2).sum()
    return J
d_th=lambda z,l:2*c6*np.tanh(z)*l
add('tanh\' taken as t(1-t) (sigmoid)',f_th,x6,lambda z:d_th(z,1-np.tanh(z)**2),lambda z:d_th(z,np.tanh(z)*(1-np.tanh(z))),'wrong-local-derivative','a1')
add('tanh\' = 1-t, square forgotten',f_th,x6,lambda z:d_th(z,1-np.tanh(z)**2),lambda z:d_th(z,1-np.tanh(z)),'wrong-local-derivative','a1')
add('tanh\' = 1-z^2 at the input',f_th,x6,lambda z:d_th(z,1-np.tanh(z)**2),lambda z:d_th(z,1-z**2),'wrong-local-derivative wrong-value','a1')
add('tanh\' = 1-tanh(a)^2 at the output',f_th,x6,lambda z:d_th(z,1-np.tanh(z)**2),lambda z:d_th(z,1-np.tanh(np.tanh(z))**2),'wrong-local-derivative wrong-value','a1')
add('tanh\' = (1-t)^2',f_th,x6,lambda z:d_th(z,1-np.tanh(z)**2),lambda z:d_th(z,(1-np.tanh(z))**2),'wrong-local-derivative precedence','a1')
def f_rl(z):
    a1=np.maximum(z,0)
    return (c6*a1).sum()
add('ReLU mask inverted',f_rl,x6,lambda z:c6*(z>0),lambda z:c6*(z<0),'wrong-branch','a1')
add('ReLU: activation multiplied in place of mask',f_rl,x6,lambda z:c6*(z>0),lambda z:c6*np.maximum(z,0),'wrong-local-derivative wrong-value','a1')
add('ReLU: max(0,dout) instead of mask',f_rl,x6,lambda z:c6*(z>0),lambda z:np.maximum(c6,0),'wrong-branch wrong-local-derivative','a1')
add('ReLU mask forgotten',f_rl,x6,lambda z:c6*(z>0),lambda z:c6+0*z,'missing-factor wrong-branch','a1')
lk=lambda z:(c6*np.where(z>0,z,.1*z)).sum()
add('leaky ReLU: zero slope on the negative side',lk,x6,lambda z:c6*np.where(z>0,1,.1),lambda z:c6*(z>0),'wrong-branch wrong-local-derivative missing-path')
add('leaky ReLU: slopes exchanged',lk,x6,lambda z:c6*np.where(z>0,1,.1),lambda z:c6*np.where(z>0,.1,1),'swapped wrong-branch wrong-local-derivative')
def f_elu(z):
    neg=1.5*(np.exp(np.minimum(z,0))-1)
    a1=np.where(z>0,z,neg)
    return (c6*a1).sum()
add('ELU: output without + alpha on the negative side',f_elu,x6,lambda z:c6*np.where(z>0,1,1.5*np.exp(z)),lambda z:c6*np.where(z>0,1,1.5*(np.exp(z)-1)),'wrong-local-derivative wrong-value','neg')
add('ELU: alpha missing',f_elu,x6,lambda z:c6*np.where(z>0,1,1.5*np.exp(z)),lambda z:c6*np.where(z>0,1,np.exp(z)),'factor missing-factor wrong-local-derivative','neg')
def f_sp(z):
    soft=np.log(1+np.exp(z))
    return .5*((soft-t6)**2).sum()
add('softplus\' = sigmoid(-z)',f_sp,x6,lambda z:(np.log1p(np.exp(z))-t6)*sig(z),lambda z:(np.log1p(np.exp(z))-t6)/(1+np.exp(z)),'wrong-local-derivative missing-factor sign wrong-value','soft')
def f_gelu(z):
    uin=.8*(z+.045*z**3)
    thu=np.tanh(uin)
    g1=.5*z*(1+thu)
    return (c6*g1).sum()
def d_gelu(z,inner=1,second=1): u=.8*(z+.045*z**3); t=np.tanh(u); return c6*(.5*(1+t)+second*.5*z*(1-t*t)*(.8*(1+3*.045*z**2) if inner else 1))
add('GELU: product rule second term forgotten',f_gelu,2*x6,d_gelu,lambda z:d_gelu(z,second=0),'missing-path','thu')
add('GELU: derivative of the inner cubic missing',f_gelu,2*x6,d_gelu,lambda z:d_gelu(z,inner=0),'missing-factor wrong-local-derivative','uin')
def f_sw(z):
    s1=sig(z)
    sw=z*s1
    return (c6*sw).sum()
d_sw=lambda z:c6*(sig(z)+z*sig(z)*(1-sig(z)))
add('swish: z*sigmoid\' only',f_sw,x6,d_sw,lambda z:c6*z*sig(z)*(1-sig(z)),'missing-path','sw')
add('swish: factor z lost in the second term',f_sw,x6,d_sw,lambda z:c6*(sig(z)+sig(z)*(1-sig(z))),'missing-factor wrong-local-derivative','sw')
add('swish: product of derivatives',f_sw,x6,d_sw,lambda z:c6*sig(z)*(1-sig(z)),'wrong-local-derivative missing-path missing-factor wrong-function','sw')
ss=lambda x:(c6*x/(1+np.abs(x))).sum()
add('softsign\': denominator not squared',ss,x6,lambda x:c6/(1+np.abs(x))**2,lambda x:c6/(1+np.abs(x)),'wrong-local-derivative missing-factor missing-path')
def f_clip(x):
    clp=np.clip(x,-.6,.6)
    return ((clp-t6)**2).sum()
add('clip: passes gradient outside the bounds',f_clip,x6,lambda x:2*(np.clip(x,-.6,.6)-t6)*(np.abs(x)<.6),lambda x:2*(np.clip(x,-.6,.6)-t6),'wrong-branch missing-factor','clp')
add('clip: only the upper bound masked',f_clip,x6,lambda x:2*(np.clip(x,-.6,.6)-t6)*(np.abs(x)<.6),lambda x:2*(np.clip(x,-.6,.6)-t6)*(x<.6),'wrong-branch','clp')
d6=R(6)
def f_mx(x):
    other=d6*x**2
    topv=np.maximum(x,other)
    return (c6*topv).sum()
add('maximum(a,b): gradient sent to both',f_mx,x6*1.5,lambda x:c6*np.where(x>d6*x**2,1,2*d6*x),lambda x:c6*(1+2*d6*x),'wrong-branch extra-path','topv')
add('maximum(a,b): branches exchanged',f_mx,x6*1.5,lambda x:c6*np.where(x>d6*x**2,1,2*d6*x),lambda x:c6*np.where(x<d6*x**2,1,2*d6*x),'wrong-branch swapped','topv')

# ---------------------------------------------------------------- calculus slips
ab=lambda x:(c6*np.abs(x)**3).sum()
add('|x|^3: sign(x) missing',ab,x6,lambda x:3*c6*x*np.abs(x),lambda x:3*c6*x**2,'missing-factor sign wrong-local-derivative','abs')
def f_sq(x):
    root=np.sqrt(x)
    return (c6*root).sum()
add('sqrt\' = 1/sqrt(x)',f_sq,q6,lambda x:c6/(2*np.sqrt(x)),lambda x:c6/np.sqrt(x),'factor wrong-local-derivative','root')
add('sqrt\' = sqrt(x)/2',f_sq,q6,lambda x:c6/(2*np.sqrt(x)),lambda x:c6*np.sqrt(x)/2,'wrong-local-derivative wrong-value','root')
add('sqrt\' = 1/(2x)',f_sq,q6,lambda x:c6/(2*np.sqrt(x)),lambda x:c6/(2*x),'wrong-local-derivative wrong-value extra-factor','root')
def f_l1p(x):
    inn=1+x**2
    lnv=np.log(inn)
    return (c6*lnv).sum()
add('log(1+x^2): inner 2x missing',f_l1p,x6,lambda x:2*c6*x/(1+x*x),lambda x:c6/(1+x*x),'missing-factor','inn')
add('log(1+x^2): log kept, 2x log(..)',f_l1p,x6,lambda x:2*c6*x/(1+x*x),lambda x:c6*2*x*np.log(1+x*x),'wrong-local-derivative wrong-value','lnv')
add('log(1+x^2): 2/x, log of a sum split',f_l1p,q6,lambda x:2*c6*x/(1+x*x),lambda x:2*c6/x,'wrong-local-derivative wrong-value wrong-function','lnv')
add('log10: 1/x without 1/ln 10',lambda x:(c6*np.log10(x)).sum(),q6,lambda x:c6/(x*np.log(10)),lambda x:c6/x,'factor missing-factor wrong-local-derivative','log10')
add('2^x by the power rule',lambda x:(c6*2.**x).sum(),q6,lambda x:c6*2**x*np.log(2),lambda x:c6*x*2**(x-1),'wrong-local-derivative')
add('2^x without ln 2',lambda x:(c6*2.**x).sum(),x6,lambda x:c6*2**x*np.log(2),lambda x:c6*2**x,'factor missing-factor wrong-local-derivative')
def f_cos(x):
    ph=3*x
    osc=np.cos(ph)
    return (c6*osc).sum()
add('cos\' = +sin',f_cos,x6,lambda x:-3*c6*np.sin(3*x),lambda x:3*c6*np.sin(3*x),'sign wrong-local-derivative','osc')
add('cos(3x)\': inner 3 missing',f_cos,x6,lambda x:-3*c6*np.sin(3*x),lambda x:-c6*np.sin(3*x),'factor missing-factor','ph')
def f_sinsq(x):
    sqx=x**2
    sinq=np.sin(sqx)
    return (c6*sinq).sum()
add('sin(x^2)\' = cos(2x)',f_sinsq,x6,lambda x:2*c6*x*np.cos(x*x),lambda x:c6*np.cos(2*x),'wrong-local-derivative wrong-value missing-factor','sinq')
add('sin(x^2)\' = 2x cos(x): outer at the input',f_sinsq,x6,lambda x:2*c6*x*np.cos(x*x),lambda x:2*c6*x*np.cos(x),'wrong-value wrong-local-derivative','sinq')
s0=1.7
gs=lambda x:(c6*np.exp(-x**2/(2*s0**2))).sum()
add('gaussian: -x/2*s^2 precedence',gs,x6,lambda x:-c6*x/s0**2*np.exp(-x**2/(2*s0**2)),lambda x:-c6*2*x/2*s0**2*np.exp(-x**2/(2*s0**2)),'precedence factor')
add('gaussian: exp argument not differentiated',gs,x6,lambda x:-c6*x/s0**2*np.exp(-x**2/(2*s0**2)),lambda x:c6*np.exp(-x**2/(2*s0**2)),'missing-factor wrong-local-derivative')
add('gaussian: exp dropped (only inner derivative)',gs,x6,lambda x:-c6*x/s0**2*np.exp(-x**2/(2*s0**2)),lambda x:-c6*x/s0**2,'missing-factor wrong-local-derivative','exp')
def f_quo(x):
    top=np.sin(x)
    bot=2+x**2
    quo=top/bot
    return (c6*quo).sum()
qu=lambda x:(np.sin(x),np.cos(x),2+x*x,2*x)
def d_quo(x): u,du,v,dv=qu(x); return c6*(du*v-u*dv)/v**2
def q_sw(x): u,du,v,dv=qu(x); return c6*(u*dv-du*v)/v**2
def q_plus(x): u,du,v,dv=qu(x); return c6*(du*v+u*dv)/v**2
def q_den(x): u,du,v,dv=qu(x); return c6*(du*v-u*dv)/v
def q_rat(x): u,du,v,dv=qu(x); return c6*du/dv
add('quotient rule: terms in the wrong order',f_quo,x6,d_quo,q_sw,'sign swapped','quo')
add('quotient rule: plus between the terms',f_quo,x6,d_quo,q_plus,'sign','bot')
add('quotient rule: denominator not squared',f_quo,x6,d_quo,q_den,'missing-factor extra-factor wrong-local-derivative','quo')
add('quotient: u\'/v\'',f_quo,q6,d_quo,q_rat,'wrong-local-derivative wrong-function wrong-value missing-path unknown','quo')
def f_prod(x):
    fac1=x**3
    fac2=np.exp(-x)
    prodv=fac1*fac2
    return (c6*prodv).sum()
add('product rule: u\'v\'',f_prod,q6,lambda x:c6*np.exp(-x)*(3*x**2-x**3),lambda x:c6*3*x**2*-np.exp(-x),'wrong-local-derivative missing-path wrong-value wrong-function unknown','prodv')
add('product rule: first term forgotten',f_prod,q6,lambda x:c6*np.exp(-x)*(3*x**2-x**3),lambda x:-c6*np.exp(-x)*x**3,'missing-path','fac1')
add('product rule: exp(-x)\' = exp(-x)',f_prod,q6,lambda x:c6*np.exp(-x)*(3*x**2-x**3),lambda x:c6*np.exp(-x)*(3*x**2+x**3),'sign','fac2')
p5=lambda x:(c6*x**5).sum()
add('power rule: 5 forgotten',p5,x6,lambda x:5*c6*x**4,lambda x:c6*x**4,'factor wrong-local-derivative missing-factor')
add('power rule: exponent not lowered',p5,x6,lambda x:5*c6*x**4,lambda x:5*c6*x**5,'wrong-local-derivative extra-factor')
add('power rule: exponent lowered before multiplying (4x^4)',p5,x6,lambda x:5*c6*x**4,lambda x:4*c6*x**4,'factor wrong-local-derivative')
add('(1/x^2)\' = -2/x: exponent raised',lambda x:(c6*x**-2.).sum(),q6,lambda x:-2*c6*x**-3.,lambda x:-2*c6*x**-1.,'wrong-local-derivative')
add('(1/x)\' = log x (integrated)',lambda x:(c6/x).sum(),q6,lambda x:-c6/x**2,lambda x:c6*np.log(x),'wrong-local-derivative wrong-function')
add('(1/x)\' sign',lambda x:(c6*x+c6/x).sum(),q6,lambda x:c6-c6/x**2,lambda x:c6+c6/x**2,'sign')
add('x^x by power rule only',lambda x:(c6*x**x).sum(),q6,lambda x:c6*x**x*(np.log(x)+1),lambda x:c6*x*x**(x-1),'missing-path wrong-local-derivative')
at=U(-.5,.5,6)
add('arctan\' = 1/(1-x^2)',lambda x:(c6*np.arctan(x)).sum(),at,lambda x:c6/(1+x*x),lambda x:c6/(1-x*x),'wrong-local-derivative','arctan')
add('arcsin\': root forgotten',lambda x:(c6*np.arcsin(x)).sum(),at,lambda x:c6/np.sqrt(1-x*x),lambda x:c6/(1-x*x),'wrong-local-derivative','arcsin')
add('tan\' = 1-tan^2',lambda x:(c6*np.tan(x)).sum(),at,lambda x:c6*(1+np.tan(x)**2),lambda x:c6*(1-np.tan(x)**2),'wrong-local-derivative','tan')
add('cosh\' = -sinh (by analogy with cos)',lambda x:(c6*np.cosh(x)).sum(),x6,lambda x:c6*np.sinh(x),lambda x:-c6*np.sinh(x),'sign wrong-local-derivative','cosh')
add('x0 x1 x2: prod itself, not prod/x',lambda x:np.prod(x),U(.7,1.6,5),lambda x:np.prod(x)/x,lambda x:np.prod(x)+0*x,'missing-factor wrong-local-derivative extra-factor','prod')
def f_ros(v):
    aterm=1-v[0]
    bterm=v[1]-v[0]**2
    return aterm**2+100*bterm**2
rp=np.array([-.7,.9])
def d_ros(v): x,y=v; return np.array([-2*(1-x)-400*x*(y-x*x),200*(y-x*x)])
def ros_in(v): x,y=v; return np.array([-2*(1-x)-200*x*(y-x*x),200*(y-x*x)])
def ros_a(v): x,y=v; return np.array([2*(1-x)-400*x*(y-x*x),200*(y-x*x)])
def ros_m(v): x,y=v; return np.array([-400*x*(y-x*x),200*(y-x*x)])
def ros_y(v): x,y=v; return np.array([-2*(1-x)-400*x*(y-x*x),200*(y-x)])
add('Rosenbrock: -200x for -400x',f_ros,rp,d_ros,ros_in,'factor','bterm')
add('Rosenbrock: sign of (1-x)',f_ros,rp,d_ros,ros_a,'sign','aterm')
add('Rosenbrock: (1-x)^2 forgotten',f_ros,rp,d_ros,ros_m,'missing-path','aterm')
add('Rosenbrock: x for x^2 in the y component',f_ros,rp,d_ros,ros_y,'wrong-value wrong-local-derivative','bterm')

# ---------------------------------------------------------------- softmax, cross entropy, likelihoods
def f_ce(z):
    e=np.exp(z)
    probs=e/e.sum(1,keepdims=True)
    nll=-np.log(probs[ar,lab])
    return nll.mean()
d_ce=lambda z:(softmax(z)-Y)/N
add('softmax-CE: not divided by N',f_ce,ZK,d_ce,lambda z:softmax(z)-Y,'factor')
add('softmax-CE: divided by N*K',f_ce,ZK,d_ce,lambda z:(softmax(z)-Y)/(N*K),'factor')
add('softmax-CE: y-p',f_ce,ZK,d_ce,lambda z:(Y-softmax(z))/N,'sign')
add('softmax-CE: 1 subtracted at the next class',f_ce,ZK,d_ce,lambda z:(softmax(z)-np.roll(Y,1,1))/N,'wrong-index permuted','nll')
add('softmax-CE: logits instead of probabilities',f_ce,ZK,d_ce,lambda z:(z-Y)/N,'wrong-value missing-factor wrong-local-derivative','probs')
add('softmax-CE: extra p(1-p)',f_ce,ZK,d_ce,lambda z:(softmax(z)-Y)*softmax(z)*(1-softmax(z))/N,'extra-factor','probs')
add('softmax-CE: p_y - 1 only in the label column',f_ce,ZK,d_ce,lambda z:(softmax(z)-1)*Y/N,'missing-path wrong-index wrong-branch','probs')
add('softmax-CE: softmax over the batch axis in backward',f_ce,ZK,d_ce,lambda z:(softmax(z,0)-Y)/N,'wrong-axis','probs')
add('softmax-CE: unnormalised exp - y',f_ce,ZK,d_ce,lambda z:(np.exp(z)-Y)/N,'missing-factor wrong-value wrong-local-derivative missing-sum','probs')
def f_sm(z):
    probs=softmax(z)
    return (GK*probs**2).sum()
def d_sm(z,off=1,ax=1,tw=0): p=softmax(z); g=2*GK*p; return p*(g-off*((g if tw else g*p).sum(ax,keepdims=True)))
add('softmax Jacobian: diagonal p(1-p) only',f_sm,ZK,d_sm,lambda z:2*GK*softmax(z)**2*(1-softmax(z)),'missing-path wrong-local-derivative','probs')
add('softmax Jacobian: off-diagonal part forgotten (p*g)',f_sm,ZK,d_sm,lambda z:d_sm(z,off=0),'missing-path','probs')
add('softmax Jacobian: dot product over the wrong axis',f_sm,ZK,d_sm,lambda z:d_sm(z,ax=0),'wrong-axis','probs')
add('softmax Jacobian: sum of g instead of g.p',f_sm,ZK,d_sm,lambda z:d_sm(z,tw=1),'missing-factor wrong-value wrong-local-derivative','probs')
add('softmax Jacobian: plus for minus',f_sm,ZK,d_sm,lambda z:d_sm(z,off=-1),'sign','probs')
Tsoft=U(.1,.9,N,K)
def f_soft(z):
    logp=z-np.log(np.exp(z).sum(1,keepdims=True))
    return -(Tsoft*logp).sum()
add('log-softmax: p - t although targets do not sum to 1',f_soft,ZK,lambda z:softmax(z)*Tsoft.sum(1,keepdims=True)-Tsoft,lambda z:softmax(z)-Tsoft,'missing-factor missing-sum missing-cotangent wrong-local-derivative wrong-function','logp')
prb=U(.4,.6,N,K)
add('categorical CE treated as binary: extra (1-y)/(1-q)',lambda q:-(Y*np.log(q)).sum(),prb,lambda q:-Y/q,lambda q:-Y/q+(1-Y)/(1-q),'extra-path wrong-function')
tau=2.5
def f_tau(z):
    scaled=z/tau
    probs=softmax(scaled)
    return -(Y*np.log(probs)).sum()
add('temperature: 1/tau forgotten',f_tau,ZK,lambda z:(softmax(z/tau)-Y)/tau,lambda z:softmax(z/tau)-Y,'factor missing-factor','scaled')
add('temperature: softmax of unscaled logits',f_tau,ZK,lambda z:(softmax(z/tau)-Y)/tau,lambda z:(softmax(z)-Y)/tau,'wrong-value stale-value wrong-local-derivative','probs')
al=.2; Ys=(1-al)*Y+al/K
add('label smoothing forgotten in backward',lambda z:-(Ys*np.log(softmax(z))).sum(),ZK,lambda z:softmax(z)-Ys,lambda z:softmax(z)-Y,'wrong-value wrong-function')
def f_lse(x):
    m=x.max()
    lse=m+np.log(np.exp(x-m).sum())
    return lse**2
lse_=lambda x:np.log(np.exp(x).sum())
add('logsumexp: exp(x) unnormalised',f_lse,x6,lambda x:2*lse_(x)*softmax(x),lambda x:2*lse_(x)*np.exp(x),'missing-factor wrong-local-derivative','lse')
add('logsumexp: one-hot of the max',f_lse,x6,lambda x:2*lse_(x)*softmax(x),lambda x:2*lse_(x)*(x==x.max()),'missing-path wrong-local-derivative wrong-function wrong-branch','lse')
qref=U(.1,.4,6)
def f_kl(p):
    ratio=p/qref
    kl=p*np.log(ratio)
    return kl.sum()
add('KL: +1 forgotten',f_kl,q6,lambda p:np.log(p/qref)+1,lambda p:np.log(p/qref),'missing-path','kl')
add('KL: ratio the wrong way round',f_kl,q6,lambda p:np.log(p/qref)+1,lambda p:np.log(qref/p)+1,'swapped sign','ratio')
pref=U(.1,.4,6)
add('KL in q: gradient of the reverse KL',lambda q:(pref*np.log(pref/q)).sum(),q6,lambda q:-pref/q,lambda q:np.log(q/pref)+1,'swapped wrong-function')
obs=R(8)
def f_nll(th):
    mu=th[0]
    sigma=th[1]
    quad=((obs-mu)**2).sum()/(2*sigma**2)
    norm=len(obs)*np.log(sigma)
    return quad+norm
S1=lambda th:(obs-th[0]).sum(); S2=lambda th:((obs-th[0])**2).sum()
d_nll=lambda th:np.array([-S1(th)/th[1]**2,8/th[1]-S2(th)/th[1]**3])
thg=np.array([.3,1.4])
add('gaussian NLL: r^2/sigma^2 for sigma^3',f_nll,thg,d_nll,lambda th:np.array([-S1(th)/th[1]**2,8/th[1]-S2(th)/th[1]**2]),'wrong-local-derivative missing-factor','quad')
add('gaussian NLL: log sigma term not differentiated',f_nll,thg,d_nll,lambda th:np.array([-S1(th)/th[1]**2,-S2(th)/th[1]**3]),'missing-path','norm')
add('gaussian NLL: n missing in n/sigma',f_nll,thg,d_nll,lambda th:np.array([-S1(th)/th[1]**2,1/th[1]-S2(th)/th[1]**3]),'factor missing-sum missing-factor','norm')
add('gaussian NLL: derivative in mu with sigma for sigma^2',f_nll,thg,d_nll,lambda th:np.array([-S1(th)/th[1],8/th[1]-S2(th)/th[1]**3]),'wrong-local-derivative wrong-value missing-factor','quad')
add('gaussian NLL: sum of residuals squared after the sum',f_nll,thg,d_nll,lambda th:np.array([-S1(th)/th[1]**2,8/th[1]-S1(th)**2/th[1]**3]),'precedence wrong-value missing-sum wrong-axis wrong-local-derivative','quad')
def f_lv(lv):
    vsq=np.exp(lv)
    quad=t6**2/vsq
    return .5*(quad+lv).sum()
add('log-variance: exp not chained (derivative in var)',f_lv,x6,lambda l:.5*(1-t6**2*np.exp(-l)),lambda l:.5*(1-t6**2*np.exp(-2*l)),'missing-factor','vsq')
def f_poi(w):
    eta=X@w
    ratev=np.exp(eta)
    return (ratev-cnt*eta).sum()
cnt=np.array([0.,2,1,4,0,3])
add('Poisson: eta - y, link forgotten',f_poi,w,lambda w:X.T@(np.exp(X@w)-cnt),lambda w:X.T@(X@w-cnt),'wrong-value missing-factor wrong-local-derivative','ratev')
add('Poisson: rate differentiated to 1',f_poi,w,lambda w:X.T@(np.exp(X@w)-cnt),lambda w:X.T@(1-cnt),'missing-factor wrong-local-derivative','ratev')
add('Poisson in lambda: 1/lambda missing',lambda l:(l-cnt*np.log(l)).sum(),q6,lambda l:1-cnt/l,lambda l:1-cnt,'missing-factor wrong-local-derivative','log')
xe=U(.2,2,7)
add('exponential likelihood: n missing',lambda l:-(7*np.log(l[0])-l[0]*xe.sum()),np.array([1.3]),lambda l:np.array([-7/l[0]+xe.sum()]),lambda l:np.array([-1/l[0]+xe.sum()]),'factor missing-sum missing-factor')
vkl=lambda lv:-.5*(1+lv-.3-np.exp(lv)).sum()
add('VAE KL: -1 forgotten (exp term only)',vkl,x6,lambda l:.5*(np.exp(l)-1),lambda l:.5*np.exp(l),'missing-path')
mk=np.array([-1.,.5,2.])
def f_gmm(m):
    dist=(obs[:,None]-m)**2
    dens=np.exp(-.5*dist)
    mixture=dens.mean(1)
    return -np.log(mixture).sum()
gm_r=lambda m:softmax(-.5*(obs[:,None]-m)**2)
add('GMM means: responsibilities missing',f_gmm,mk,lambda m:-(gm_r(m)*(obs[:,None]-m)).sum(0),lambda m:-(obs[:,None]-m).sum(0),'missing-factor missing-cotangent wrong-function')
add('GMM means: responsibilities normalised over samples',f_gmm,mk,lambda m:-(gm_r(m)*(obs[:,None]-m)).sum(0),lambda m:-(softmax(-.5*(obs[:,None]-m)**2,0)*(obs[:,None]-m)).sum(0),'wrong-axis','mixture')

# ---------------------------------------------------------------- vectors and matrices
A4=R(4,4); b4=R(4); v4=R(4)
nr=lambda x:np.sqrt((x*x).sum())
def f_nr(x):
    ssq=(x**2).sum()
    lenv=np.sqrt(ssq)
    return lenv
add('norm: x not divided by |x|',f_nr,x6,lambda x:x/nr(x),lambda x:x+0,'missing-factor wrong-function wrong-local-derivative','lenv')
add('norm: 1/2 kept, x/(2|x|)',f_nr,x6,lambda x:x/nr(x),lambda x:x/(2*nr(x)),'factor','ssq')
add('norm: x/|x|^2',f_nr,x6,lambda x:x/nr(x),lambda x:x/(x@x),'wrong-local-derivative wrong-value extra-factor','lenv')
add('norm: gradient is the sign (1-norm)',f_nr,x6,lambda x:x/nr(x),lambda x:np.sign(x),'wrong-function wrong-local-derivative')
As=A4+A4.T
def f_qf(x):
    quad=.5*x@As@x
    linb=b4@x
    return quad-linb
add('quadratic: Ax + b',f_qf,v4,lambda x:As@x-b4,lambda x:As@x+b4,'sign','linb')
add('quadratic: half kept, Ax/2 - b',f_qf,v4,lambda x:As@x-b4,lambda x:As@x/2-b4,'factor missing-path','quad')
add('quadratic: only the diagonal of A',f_qf,v4,lambda x:As@x-b4,lambda x:np.diag(As)*x-b4,'missing-path wrong-local-derivative wrong-value missing-sum','quad')
def f_res(x):
    Ax=A4@x
    diff=Ax-b4
    return diff@diff
add('|Ax-b|^2: A for A^T',f_res,v4,lambda x:2*A4.T@(A4@x-b4),lambda x:2*A4@(A4@x-b4),'transposed','Ax')
add('|Ax-b|^2: A^T left out',f_res,v4,lambda x:2*A4.T@(A4@x-b4),lambda x:2*(A4@x-b4),'missing-factor','Ax')
add('|Ax-b|^2: b dropped',f_res,v4,lambda x:2*A4.T@(A4@x-b4),lambda x:2*A4.T@(A4@x),'missing-path wrong-value','diff')
B4=R(4,4); P4=R(4,4)+4*np.eye(4)
add('trace(AXB): BA instead of its transpose',lambda M:np.trace(A4@M@B4),P4,lambda M:(B4@A4).T+0*M,lambda M:B4@A4+0*M,'transposed','trace')
add('trace(AXB): factors exchanged, A^T with B^T in wrong order',lambda M:np.trace(A4@M@B4),P4,lambda M:A4.T@B4.T+0*M,lambda M:B4.T@A4.T+0*M,'swapped transposed permuted','trace')
add('log det: inverse not transposed',lambda M:np.log(np.linalg.det(M)),P4,lambda M:np.linalg.inv(M).T,np.linalg.inv,'transposed')
add('log det: gradient of det (det not cancelled)',lambda M:np.log(np.linalg.det(M)),P4,lambda M:np.linalg.inv(M).T,lambda M:np.linalg.det(M)*np.linalg.inv(M).T,'missing-factor extra-factor wrong-function missing-cotangent wrong-local-derivative','log')
add('log det: 1/det only',lambda M:np.log(np.linalg.det(M)),P4,lambda M:np.linalg.inv(M).T,lambda M:np.eye(4)/np.linalg.det(M),'missing-factor wrong-local-derivative','det')
def f_inv(M):
    Mi=np.linalg.inv(M)
    return b4@Mi@v4
iv=np.linalg.inv
add('inverse: minus forgotten',f_inv,P4,lambda M:-np.outer(iv(M).T@b4,iv(M)@v4),lambda M:np.outer(iv(M).T@b4,iv(M)@v4),'sign','Mi')
add('inverse: like 1/x^2, second inverse not applied',f_inv,P4,lambda M:-np.outer(iv(M).T@b4,iv(M)@v4),lambda M:-np.outer(iv(M).T@b4,v4),'missing-factor wrong-local-derivative','Mi')
add('inverse: transposes forgotten',f_inv,P4,lambda M:-np.outer(iv(M).T@b4,iv(M)@v4),lambda M:-np.outer(iv(M)@b4,iv(M).T@v4),'transposed','Mi')
def f_tr2(M):
    sqm=M@M
    return np.trace(sqm)
add('trace(M^2): 2M not transposed',f_tr2,P4,lambda M:2*M.T,lambda M:2*M,'transposed','sqm')
add('M@M: second factor treated as constant',lambda M:(A4*(M@M)).sum(),P4,lambda M:A4@M.T+M.T@A4,lambda M:A4@M.T,'missing-path','M@M')
def f_cos_(x):
    dot=x@b4
    nx=np.sqrt(x@x)
    cosine=dot/(nx*nr(b4))
    return cosine
def d_cos(x): n=nr(x); return b4/(n*nr(b4))-(x@b4)*x/(n**3*nr(b4))
add('cosine: norm treated as constant',f_cos_,v4,d_cos,lambda x:b4/(nr(x)*nr(b4)),'missing-path','nx')
add('cosine: |x| for |x|^3',f_cos_,v4,d_cos,lambda x:b4/(nr(x)*nr(b4))-(x@b4)*x/(nr(x)*nr(b4)),'wrong-local-derivative missing-factor','nx')
def f_unit(x):
    n=np.sqrt((x**2).sum())
    unitv=x/n
    return (c6*unitv**2).sum()
def d_unit(x,k): n=nr(x); u=x/n; g=2*c6*u; return (g-(u if k else x)*(u@g))/n
add('normalise: projection with x instead of x/|x|',f_unit,x6,lambda x:d_unit(x,1),lambda x:d_unit(x,0),'wrong-value missing-factor wrong-local-derivative','unitv')
W53=R(5,3)
def f_orth(W):
    gram=W.T@W
    dev=gram-np.eye(3)
    return (dev**2).sum()
add('orthogonality penalty: 2 for 4 (one W of the Gram matrix)',f_orth,W53,lambda W:4*W@(W.T@W-np.eye(3)),lambda W:2*W@(W.T@W-np.eye(3)),'factor missing-path','gram')
add('variance: mean path is fine, n-1 for n',lambda x:x.var(),x6,lambda x:2*(x-x.mean())/6,lambda x:2*(x-x.mean())/5,'factor','var')
def f_std(x):
    cen=x-x.mean()
    vsq=(cen**2).mean()
    sdev=np.sqrt(vsq)
    return (c6*x).sum()/sdev
d_std=lambda x,k=1:c6/x.std()-k*(c6@x)*(x-x.mean())/(6*x.std()**3)
add('x/std: std treated as constant',f_std,x6,d_std,lambda x:d_std(x,0),'missing-path','sdev')
add('std\' : gradient of the variance used',f_std,x6,d_std,lambda x:c6/x.std()-(c6@x)/x.var()*2*(x-x.mean())/6,'missing-factor wrong-function wrong-local-derivative','sdev')
def f_cen(x):
    mu=x.mean(0)
    cen=x-mu
    return (GK*cen**3).sum()
def d_cen(x,ax=0,k=1): g=3*GK*(x-x.mean(0))**2; return g-k*g.mean(ax,keepdims=True)
add('centering: mean path forgotten',f_cen,ZK,d_cen,lambda x:d_cen(x,k=0),'missing-path','mu')
add('centering: mean path over the wrong axis',f_cen,ZK,d_cen,lambda x:d_cen(x,1),'wrong-axis','mu')
add('centering: mean path with sum instead of mean',f_cen,ZK,d_cen,lambda x:d_cen(x,k=N),'factor','mu')

# ---------------------------------------------------------------- indexing, order, grids
srt=lambda x:(c6*np.sort(x)**2).sum()
def d_srt(x,inv): i=np.argsort(x); g=2*c6*x[i]; r=np.empty(6); r[i]=g; return r if inv else g[i]
add('sort: gradient gathered instead of scattered',srt,x6,lambda x:d_srt(x,1),lambda x:d_srt(x,0),'permuted wrong-index','sort')
add('sort: gradient left in sorted order',srt,x6,lambda x:d_srt(x,1),lambda x:2*c6*np.sort(x),'permuted wrong-index','sort')
perm=np.array([2,0,5,1,3,4])
def f_perm(x):
    shuf=x[perm]
    return (c6*shuf**2).sum()
add('permutation applied again instead of inverted',f_perm,x6,lambda x:(2*c6*x[perm])[np.argsort(perm)],lambda x:(2*c6*x[perm])[perm],'permuted wrong-index','shuf')
E=R(7,3); tok=np.array([2,5,2,0,2,5]); Ge=R(6,3)
def f_emb(E):
    rows=E[tok]
    return .5*((rows-Ge)**2).sum()
def d_emb(E,acc=True,ids=tok):
    g=np.zeros_like(E); d=E[tok]-Ge
    if acc: np.add.at(g,ids,d)
    else: g[ids]=d
    return g
add('embedding: repeated tokens assigned',f_emb,E,d_emb,lambda E:d_emb(E,False),'wrong-index missing-path missing-sum','rows')
add('embedding: ids off by one',f_emb,E,d_emb,lambda E:d_emb(E,ids=tok+1),'wrong-index permuted','rows')
add('cumsum: cumsum again, not reversed',lambda x:(c6*np.cumsum(x)).sum(),x6,lambda x:np.cumsum(c6[::-1])[::-1]+0*x,lambda x:np.cumsum(c6)+0*x,'permuted transposed','cumsum')
def f_cs(x):
    acc=np.cumsum(x)
    return (acc**2).sum()
add('cumsum: treated elementwise',f_cs,x6,lambda x:np.cumsum((2*np.cumsum(x))[::-1])[::-1],lambda x:2*np.cumsum(x),'missing-path missing-sum missing-factor','acc')
add('cumsum: reversed result not flipped back',f_cs,x6,lambda x:np.cumsum((2*np.cumsum(x))[::-1])[::-1],lambda x:np.cumsum((2*np.cumsum(x))[::-1]),'permuted','acc')
rol=lambda x:(c6*np.roll(x,2)**2).sum()
add('roll: rolled in the same direction',rol,x6,lambda x:2*np.roll(c6,-2)*x,lambda x:np.roll(2*c6*np.roll(x,2),2),'permuted wrong-index','roll')
G12=R(12)
def f_rs(x):
    flat=x.reshape(-1)
    return (G12*np.sin(flat)).sum()
add('flatten: unflattened in Fortran order',f_rs,R(3,4),lambda x:G12.reshape(3,4)*np.cos(x),lambda x:(G12*np.cos(x).reshape(-1)).reshape(3,4,order='F'),'permuted transposed','flat')
def f_dif(x):
    dx=x[1:]-x[:-1]
    return (dx**2).sum()
def d_dif(x,a=1,b=1): d=2*(x[1:]-x[:-1]); g=np.zeros_like(x); g[1:]+=a*d; g[:-1]-=b*d; return g
add('differences: only the right end point',f_dif,x6,d_dif,lambda x:d_dif(x,1,0),'missing-path','dx')
add('differences: both end points with +',f_dif,x6,d_dif,lambda x:d_dif(x,1,-1),'sign','dx')
def f_lap(u):
    lap=u[:-2]-2*u[1:-1]+u[2:]
    return (lap**2).sum()
def d_lap(u,per=False):
    l=2*(u[:-2]-2*u[1:-1]+u[2:]); g=np.zeros_like(u)
    if per: r=2*(np.roll(u,1)-2*u+np.roll(u,-1)); return np.roll(r,1)-2*r+np.roll(r,-1)
    g[:-2]+=l; g[1:-1]-=2*l; g[2:]+=l; return g
def d_lap_c(u): g=d_lap(u)*0; g[1:-1]-=4*(u[:-2]-2*u[1:-1]+u[2:]); return g
add('second differences: periodic wrap-around in backward',f_lap,R(7),d_lap,lambda u:d_lap(u,True),'extra-path wrong-index permuted wrong-function','lap')
add('second differences: only the centre point',f_lap,R(7),d_lap,d_lap_c,'missing-path','lap')
def f_tv(u):
    gx=u[:,1:]-u[:,:-1]
    gy=u[1:]-u[:-1]
    return (gx**2).sum()+(gy**2).sum()
def d_tv(u,x=1,y=1):
    gx=2*(u[:,1:]-u[:,:-1]); gy=2*(u[1:]-u[:-1]); g=np.zeros_like(u)
    g[:,1:]+=x*gx; g[:,:-1]-=x*gx; g[1:]+=y*gy; g[:-1]-=y*gy; return g
add('smoothness on a grid: vertical differences forgotten',f_tv,R(4,5),d_tv,lambda u:d_tv(u,y=0),'missing-path','gy')
add('last element: index -1 written as 1',lambda x:x[-1]**2*x[0],x6,lambda x:np.array([x[-1]**2,0,0,0,0,2*x[-1]*x[0]]),lambda x:np.array([x[-1]**2,2*x[-1]*x[0],0,0,0,0]),'wrong-index permuted')
xm=np.array([.3,1.2,-.4,.9,-1.1,.1])
add('max: gradient at the argmin',lambda x:3*x.max(),xm,lambda x:3.*(x==x.max()),lambda x:3.*(x==x.min()),'wrong-index wrong-branch','max')
add('max: gradient spread over all entries',lambda x:3*x.max(),xm,lambda x:3.*(x==x.max()),lambda x:3+0*x,'wrong-branch missing-factor extra-path wrong-local-derivative wrong-function','max')

# ---------------------------------------------------------------- convolution, pooling
ker=np.array([.5,-1.2,.8]); kout=R(7); xc=R(9)
def f_cv(x):
    conv=ker[0]*x[0:7]+ker[1]*x[1:8]+ker[2]*x[2:9]
    return .5*((conv-kout)**2).sum()
cvf=lambda x,k:k[0]*x[0:7]+k[1]*x[1:8]+k[2]*x[2:9]
def d_cv(x,k=ker,sh=0):
    d=cvf(x,ker)-kout; g=np.zeros(9)
    for j in range(3): g[j:j+7]+=k[j]*d
    return np.roll(g,sh)
add('conv: kernel not flipped in the backward pass',f_cv,xc,d_cv,lambda x:d_cv(x,ker[::-1]),'permuted','conv')
add('conv: shifted by one',f_cv,xc,d_cv,lambda x:d_cv(x,sh=1),'wrong-index permuted','conv')
def f_cw(k):
    conv=k[0]*xc[0:7]+k[1]*xc[1:8]+k[2]*xc[2:9]
    return .5*((conv-kout)**2).sum()
d_cw=lambda k:np.array([(cvf(xc,k)-kout)@xc[j:j+7] for j in range(3)])
add('conv kernel gradient flipped',f_cw,ker,d_cw,lambda k:d_cw(k)[::-1],'permuted','conv')
add('conv kernel gradient: sum replaced by mean over positions',f_cw,ker,d_cw,lambda k:d_cw(k)/7,'factor','conv')
add('conv kernel gradient: same window for every tap',f_cw,ker,d_cw,lambda k:np.full(3,(cvf(xc,k)-kout)@xc[:7]),'wrong-index wrong-value','conv')
k2=R(2,2); Gc=R(3,4)
def f_c2(x):
    cmap=k2[0,0]*x[:-1,:-1]+k2[0,1]*x[:-1,1:]+k2[1,0]*x[1:,:-1]+k2[1,1]*x[1:,1:]
    return (Gc*np.tanh(cmap)).sum()
def d_c2(x,k,act=1):
    m=k2[0,0]*x[:-1,:-1]+k2[0,1]*x[:-1,1:]+k2[1,0]*x[1:,:-1]+k2[1,1]*x[1:,1:]; d=Gc*(1-np.tanh(m)**2 if act else 1); g=np.zeros_like(x)
    for i in (0,1):
        for j in (0,1): g[i:i+3,j:j+4]+=k[i,j]*d
    return g
add('2-d conv: kernel transposed instead of rotated',f_c2,R(4,5),lambda x:d_c2(x,k2),lambda x:d_c2(x,k2.T),'transposed permuted swapped','cmap')
add('2-d conv: tanh\' not applied',f_c2,R(4,5),lambda x:d_c2(x,k2),lambda x:d_c2(x,k2,0),'missing-factor','tanh')
g3=R(3)
def f_ap(x):
    win=x.reshape(3,4)
    avg=win.mean(1)
    return (g3*avg**2).sum()
add('average pooling: 1/k missing',f_ap,R(12),lambda x:np.repeat(2*g3*x.reshape(3,4).mean(1)/4,4),lambda x:np.repeat(2*g3*x.reshape(3,4).mean(1),4),'factor','avg')
add('average pooling: divided by the number of windows',f_ap,R(12),lambda x:np.repeat(2*g3*x.reshape(3,4).mean(1)/4,4),lambda x:np.repeat(2*g3*x.reshape(3,4).mean(1)/3,4),'factor wrong-axis','avg')
add('average pooling: tiled instead of repeated',f_ap,R(12),lambda x:np.repeat(2*g3*x.reshape(3,4).mean(1)/4,4),lambda x:np.tile(2*g3*x.reshape(3,4).mean(1)/4,4),'permuted','avg')
def f_mp(x):
    win=x.reshape(3,4)
    topv=win.max(1)
    return (g3*topv**2).sum()
mpm=lambda x:(lambda w_:(w_==w_.max(1,keepdims=True))*(2*g3*w_.max(1))[:,None])(x.reshape(3,4)).ravel()
add('max pooling: gradient averaged over the window',f_mp,R(12),mpm,lambda x:np.repeat(2*g3*x.reshape(3,4).max(1)/4,4),'wrong-branch wrong-local-derivative wrong-function','topv')
add('max pooling: always to the first element of the window',f_mp,R(12),mpm,lambda x:(np.array([1,0,0,0])*(2*g3*x.reshape(3,4).max(1))[:,None]).ravel(),'wrong-index wrong-branch','topv')
def f_up(x):
    bigv=np.repeat(x,2)
    return (G12*bigv**2).sum()
add('upsampling: only the first copy back',f_up,x6,lambda x:2*x*G12.reshape(6,2).sum(1),lambda x:2*x*G12[::2],'missing-sum missing-path','bigv')
pad7=R(8)
def f_pad(x):
    xp=np.pad(x,1)
    return (pad7*xp**3).sum()
add('padding: cropped from the wrong end',f_pad,x6,lambda x:3*pad7[1:-1]*x**2,lambda x:(3*pad7*np.pad(x,1)**2)[:-2],'wrong-index permuted','xp')

# ---------------------------------------------------------------- normalisation, dropout, attention
eps=.1; gam=U(.5,2,K)
def f_bn(x):
    mu=x.mean(0)
    vsq=((x-mu)**2).mean(0)
    istd=1/np.sqrt(vsq+eps)
    xhat=(x-mu)*istd
    outv=gam*xhat
    return .5*((outv-T)**2).sum()
def d_bn(x,m=1,v=1,g=1,n=N,e=eps,ipow=1):
    mu=x.mean(0); i=1/np.sqrt(x.var(0)+eps); xh=(x-mu)*i; d=(gam*xh-T)*(gam if g else 1)
    ib=1/(np.sqrt(x.var(0))+eps) if e is None else i
    return ib**ipow*(d-m*d.mean(0)-v*xh*ib/i*(d*xh).sum(0)/n)
add('batch norm: mean path dropped',f_bn,ZK,d_bn,lambda x:d_bn(x,m=0),'missing-path','mu')
add('batch norm: mean and variance treated as constants',f_bn,ZK,d_bn,lambda x:d_bn(x,m=0,v=0),'missing-path')
add('batch norm: gamma not multiplied',f_bn,ZK,d_bn,lambda x:d_bn(x,g=0),'missing-factor','outv')
add('batch norm: N-1 in the variance path',f_bn,ZK,d_bn,lambda x:d_bn(x,n=N-1),'factor','vsq')
add('batch norm: 1/var for 1/std',f_bn,ZK,d_bn,lambda x:d_bn(x,ipow=2),'extra-factor wrong-local-derivative wrong-value','xhat')
add('batch norm: eps outside the root',f_bn,ZK,d_bn,lambda x:d_bn(x,e=None),'precedence wrong-local-derivative wrong-value','istd')
add('batch norm: variance path added',f_bn,ZK,d_bn,lambda x:d_bn(x,v=-1),'sign','vsq')
add('gamma gradient with x instead of xhat',lambda g:(GK*(g*(ZK-ZK.mean(0))/ZK.std(0))**2).sum(),gam,lambda g:(2*GK*g*((ZK-ZK.mean(0))/ZK.std(0))**2).sum(0),lambda g:(2*GK*g*((ZK-ZK.mean(0))/ZK.std(0))*ZK).sum(0),'wrong-value stale-value')
def f_ln(x):
    mu=x.mean(1,keepdims=True)
    vsq=x.var(1,keepdims=True)
    xn=(x-mu)/np.sqrt(vsq+eps)
    return (GK*xn**2).sum()
def d_ln(x,ax=1,v=1):
    i=1/np.sqrt(x.var(1,keepdims=True)+eps); xn=(x-x.mean(1,keepdims=True))*i; d=2*GK*xn
    return i*(d-d.mean(ax,keepdims=True)-v*xn*(d*xn).mean(ax,keepdims=True))
add('layer norm: means over the batch axis',f_ln,ZK,d_ln,lambda x:d_ln(x,0),'wrong-axis')
add('layer norm: variance path dropped',f_ln,ZK,d_ln,lambda x:d_ln(x,v=0),'missing-path','vsq')
def f_rms(x):
    ms=(x**2).mean(1,keepdims=True)
    rms=np.sqrt(ms)
    out=x/rms
    return (GK*out).sum()
def d_rms(x,n=K): r=np.sqrt((x**2).mean(1,keepdims=True)); return GK/r-x*(GK*x).sum(1,keepdims=True)/(n*r**3)
add('RMS norm: 1/K of the mean missing',f_rms,ZK,d_rms,lambda x:d_rms(x,1),'factor','ms')
drop=np.array([[1,0,1],[0,1,1],[1,1,0],[1,0,0],[1,1,1],[0,1,0.]])/.6
def f_do(z):
    act=np.tanh(z)
    kept=act*drop
    return (GK*kept).sum()
add('dropout: mask forgotten in backward',f_do,ZK,lambda z:GK*drop*(1-np.tanh(z)**2),lambda z:GK*(1-np.tanh(z)**2),'missing-factor wrong-branch','kept')
add('dropout: mask inverted',f_do,ZK,lambda z:GK*drop*(1-np.tanh(z)**2),lambda z:GK*(drop==0)/.6*(1-np.tanh(z)**2),'wrong-branch','kept')
add('dropout: mask applied twice',f_do,ZK,lambda z:GK*drop*(1-np.tanh(z)**2),lambda z:GK*drop**2*(1-np.tanh(z)**2),'extra-factor factor repeated-cotangent','kept')
add('dropout: tanh\' from the dropped activation',f_do,ZK,lambda z:GK*drop*(1-np.tanh(z)**2),lambda z:GK*drop*(1-(drop*np.tanh(z))**2),'wrong-value wrong-local-derivative stale-value','act')
L,dm=5,3
Wq,Wk,Wv=R(dm,dm),R(dm,dm),R(dm,dm); Gat=R(L,dm); Xat=R(L,dm)
def f_att(S):
    Q=S@Wq
    Km=S@Wk
    V=S@Wv
    sc=Q@Km.T/np.sqrt(dm)
    att=softmax(sc)
    outv=att@V
    return (Gat*outv).sum()
def d_att(S,q=1,k=1,v=1,scale=1,jac=1,dst=0,wt=0):
    Q,Km,V=S@Wq,S@Wk,S@Wv; a=softmax(Q@Km.T/np.sqrt(dm)); da=Gat@V.T
    ds=a*(da-(da*a).sum(1,keepdims=True)) if jac else da
    if scale: ds=ds/np.sqrt(dm)
    return q*(ds@Km)@Wq.T+k*((ds if dst else ds.T)@Q)@(Wk if wt else Wk.T)+v*(a.T@Gat)@Wv.T
add('attention: scale forgotten in backward',f_att,Xat,d_att,lambda S:d_att(S,scale=0),'factor missing-factor','sc')
add('attention: only the value path',f_att,Xat,d_att,lambda S:d_att(S,q=0,k=0),'missing-path')
add('attention: key path forgotten',f_att,Xat,d_att,lambda S:d_att(S,k=0),'missing-path','Km')
add('attention: softmax Jacobian left out',f_att,Xat,d_att,lambda S:d_att(S,jac=0),'missing-factor','att')
add('attention: dS not transposed for the keys',f_att,Xat,d_att,lambda S:d_att(S,dst=1),'transposed','sc')
add('attention: Wk not transposed',f_att,Xat,d_att,lambda S:d_att(S,wt=1),'transposed','Km')

# ---------------------------------------------------------------- recurrent, shared, residual
Hr=3; XU=R(4,2,Hr); h00=R(2,Hr); Tr=R(2,Hr); Wr=.7*R(Hr,Hr)
def f_rnn(Wh):
    h1=np.tanh(XU[0]+h00@Wh)
    h2=np.tanh(XU[1]+h1@Wh)
    h3=np.tanh(XU[2]+h2@Wh)
    h4=np.tanh(XU[3]+h3@Wh)
    return .5*((h4-Tr)**2).sum()
def f_rnn_all(Wh):
    h=h00; J=0
    for t in range(4):
        h=np.tanh(XU[t]+h@Wh)
        J=J+.5*((h-Tr)**2).sum()
    return J
def d_rnn(Wh,steps=4,cur=0,act=1,tr=1,every=0,lastonly=0,acc=1):
    h=[h00]
    for t in range(4): h.append(np.tanh(XU[t]+h[-1]@Wh))
    g=np.zeros_like(Wh); dh=np.zeros_like(h00)
    for t in range(4,4-steps,-1):
        if t==4 or (every and not lastonly): dh=dh+(h[t]-Tr)
        dz=dh*(1-h[t]**2) if act or t==4 else dh
        gt=h[t if cur else t-1].T@dz; g=g+gt if acc else gt
        dh=dz@(Wh.T if tr else Wh)
    return g
add('RNN: only the last step (shared weight not summed)',f_rnn,Wr,d_rnn,lambda W:d_rnn(W,1),'missing-path missing-sum','h3')
add('RNN: truncated after two steps',f_rnn,Wr,d_rnn,lambda W:d_rnn(W,2),'missing-path','h2')
add('RNN: h_t for h_{t-1} in dW',f_rnn,Wr,d_rnn,lambda W:d_rnn(W,cur=1),'stale-value wrong-index wrong-value')
add('RNN: tanh\' only at the last step',f_rnn,Wr,d_rnn,lambda W:d_rnn(W,act=0),'missing-factor')
add('RNN: W not transposed through time',f_rnn,Wr,d_rnn,lambda W:d_rnn(W,tr=0),'transposed')
add('RNN: dW overwritten, only the first step left',f_rnn,Wr,d_rnn,lambda W:d_rnn(W,acc=0),'missing-path missing-sum')
add('RNN: loss of the last step only',f_rnn_all,Wr,lambda W:d_rnn(W,every=1),lambda W:d_rnn(W),'missing-path missing-sum missing-cotangent')
cp=R(5); gl=R(5); zl=R(4,5)
def f_lstm(z):
    ig=sig(z[0])
    fg=sig(z[1])
    og=sig(z[2])
    cand=np.tanh(z[3])
    cell=fg*cp+ig*cand
    tc=np.tanh(cell)
    hid=og*tc
    return (gl*hid).sum()
def d_lstm(z,tp=1,cprev=1,cs=0,sw=0,oc=0):
    i,f,o=sig(z[:3]); g=np.tanh(z[3]); c=f*cp+i*g; t=np.tanh(c); dc=gl*o*(1-t*t if tp else 1)
    di,df,do,dg=dc*g,dc*(cp if cprev else c),gl*(c if oc else t),dc*i
    if sw: di,dg=dc*i,dc*g
    return np.array([di*i*(1-i),df*f*(1-f),do*o*(1-o),dg*(g*(1-g) if cs else 1-g*g)])
add('LSTM: tanh\'(cell) missing',f_lstm,zl,d_lstm,lambda z:d_lstm(z,tp=0),'missing-factor','tc')
add('LSTM: forget gate with the new cell',f_lstm,zl,d_lstm,lambda z:d_lstm(z,cprev=0),'stale-value wrong-value','cell')
add('LSTM: candidate with sigmoid\'',f_lstm,zl,d_lstm,lambda z:d_lstm(z,cs=1),'wrong-local-derivative','cand')
add('LSTM: input gate and candidate cotangents exchanged',f_lstm,zl,d_lstm,lambda z:d_lstm(z,sw=1),'swapped wrong-value','cell')
add('LSTM: output gate with cell instead of tanh(cell)',f_lstm,zl,d_lstm,lambda z:d_lstm(z,oc=1),'wrong-value missing-factor','hid')
Wz_,Wr_,Wn_=R(4,4),R(4,4),R(4,4); gg=R(4)
def f_gru(h):
    upd=sig(h@Wz_)
    rst=sig(h@Wr_)
    mixed=rst*h
    nnew=np.tanh(mixed@Wn_)
    hn=(1-upd)*nnew+upd*h
    return (gg*hn).sum()
def d_gru(h,zs=1,skip=1,rp_=1,hd=1):
    z,r=sig(h@Wz_),sig(h@Wr_); n=np.tanh((r*h)@Wn_); dn=gg*(1-z)*(1-n*n); dm_=dn@Wn_.T; dz=zs*gg*(h-n)
    return skip*gg*z+(dz*z*(1-z))@Wz_.T+hd*dm_*r+rp_*(dm_*h*r*(1-r))@Wr_.T
add('GRU: update gate sign (new - old)',f_gru,R(4),d_gru,lambda h:d_gru(h,zs=-1),'sign swapped','upd')
add('GRU: direct path z*h forgotten',f_gru,R(4),d_gru,lambda h:d_gru(h,skip=0),'missing-path','hn')
add('GRU: path through the reset gate forgotten',f_gru,R(4),d_gru,lambda h:d_gru(h,rp_=0),'missing-path','rst')
def f_skip(x):
    br=np.maximum(x@A4,0)
    outv=x+br
    return .5*(outv**2).sum()
def d_skip(x,s=1): o=x+np.maximum(x@A4,0); return s*o+(o*(x@A4>0))@A4.T
add('residual block: skip path forgotten',f_skip,R(4),d_skip,lambda x:d_skip(x,0),'missing-path','outv')
add('residual block: skip path added twice',f_skip,R(4),d_skip,lambda x:d_skip(x,2),'extra-path','outv')
Xt=R(6,4); Wt=.6*R(4,3)
def f_tied(W):
    code=np.tanh(Xt@W)
    rec=code@W.T
    return .5*((rec-Xt)**2).sum()
def d_tied(W,e=1,d=1): c=np.tanh(Xt@W); r=c@W.T-Xt; return d*r.T@c+e*Xt.T@((r@W)*(1-c*c))
add('tied autoencoder: encoder use forgotten',f_tied,Wt,d_tied,lambda W:d_tied(W,0),'missing-path','code')
add('tied autoencoder: decoder use forgotten',f_tied,Wt,d_tied,lambda W:d_tied(W,1,0),'missing-path','rec')
Sn=R(N,D)
d_val=lambda w:Sn.T@(Sn@w-tn)/N
def f_gd(w):
    g0=X.T@(X@w-tn)/N
    w1=w-.5*g0
    e1=Sn@w1-tn
    return (e1@e1)/(2*N)
Hs=X.T@X/N
step=lambda w:w-.5*dd(w)
add('unrolled step: first order only (Hessian factor dropped)',f_gd,w,lambda w:(np.eye(D)-.5*Hs)@d_val(step(w)),lambda w:d_val(step(w)),'missing-path missing-factor','g0')
add('unrolled step: gradient taken at the old parameters',f_gd,w,lambda w:(np.eye(D)-.5*Hs)@d_val(step(w)),lambda w:(np.eye(D)-.5*Hs)@d_val(w),'stale-value wrong-value','e1')
def f_td(w):
    val=X@w
    tgt=tn+.9*(Sn@w)
    delta=val-tgt
    return .5*(delta@delta)
add('TD error: target treated as constant (semi-gradient)',f_td,w,lambda w:(X-.9*Sn).T@(X@w-tn-.9*Sn@w),lambda w:X.T@(X@w-tn-.9*Sn@w),'missing-path','tgt')
Wo=R(H,K); Wi=.6*R(D,H)
def f_mlp(W):
    z1=X@W
    h1=sig(z1)
    outp=h1@Wo
    return .5*((outp-T)**2).sum()
def d_mlp(W,l=lambda z:sig(z)*(1-sig(z))): z=X@W; return X.T@(((sig(z)@Wo-T)@Wo.T)*l(z))
add('hidden layer: activation in place of its derivative',f_mlp,Wi,d_mlp,lambda W:d_mlp(W,sig),'wrong-local-derivative wrong-value','h1')
add('hidden layer: sigmoid\' of the activation',f_mlp,Wi,d_mlp,lambda W:d_mlp(W,lambda z:sig(sig(z))*(1-sig(sig(z)))),'wrong-local-derivative wrong-value','h1')
add('hidden layer: sigmoid\' twice',f_mlp,Wi,d_mlp,lambda W:d_mlp(W,lambda z:(sig(z)*(1-sig(z)))**2),'extra-factor','h1')
add('hidden layer: output error replaced by the output',f_mlp,Wi,d_mlp,lambda W:X.T@(((sig(X@W)@Wo)@Wo.T)*sig(X@W)*(1-sig(X@W))),'wrong-value missing-path wrong-function')
add('hidden layer: error dropped (gradient of the output)',f_mlp,Wi,d_mlp,lambda W:X.T@((np.ones((N,K))@Wo.T)*sig(X@W)*(1-sig(X@W))),'missing-cotangent wrong-function')
add('bias: mean over the batch',lambda b:.5*((X@W+b-T)**2).sum(),R(K),lambda b:(X@W+b-T).sum(0),lambda b:(X@W+b-T).mean(0),'factor missing-sum')
add('bias: only the first sample',lambda b:.5*((X@W+b-T)**2).sum(),R(K),lambda b:(X@W+b-T).sum(0),lambda b:(X@W+b-T)[0],'missing-sum wrong-index')
Xsq=R(5,5); Gsq=R(5,5)
add('column bias of a square matrix summed over the other axis',lambda b:(Gsq*(Xsq+b)**2).sum(),R(5),lambda b:(2*Gsq*(Xsq+b)).sum(0),lambda b:(2*Gsq*(Xsq+b)).sum(1),'wrong-axis transposed')

# ---------------------------------------------------------------- robust losses, masks, cotangents
dl=.8
def f_hub(x):
    r=x-t6
    hub=np.where(np.abs(r)<=dl,.5*r**2,dl*(np.abs(r)-.5*dl))
    return hub.sum()
xh=t6+np.array([.3,-1.5,1.9,-.4,2.2,-1.1])
d_hub=lambda x:np.clip(x-t6,-dl,dl)
add('Huber: linear branch missing',f_hub,xh,d_hub,lambda x:x-t6,'wrong-branch wrong-function','hub')
add('Huber: delta missing in the linear branch',f_hub,xh,d_hub,lambda x:np.where(np.abs(x-t6)<=dl,x-t6,np.sign(x-t6)),'factor missing-factor wrong-local-derivative','hub')
add('Huber: sign missing in the linear branch',f_hub,xh,d_hub,lambda x:np.where(np.abs(x-t6)<=dl,x-t6,dl),'missing-factor sign wrong-local-derivative','hub')
add('Huber: branches exchanged',f_hub,xh,d_hub,lambda x:np.where(np.abs(x-t6)>dl,x-t6,dl*np.sign(x-t6)),'wrong-branch swapped','hub')
add('pinball: tau and tau-1 exchanged',lambda x:np.maximum(.3*(t6-x),-.7*(t6-x)).sum(),xh,lambda x:np.where(t6>x,-.3,.7),lambda x:np.where(t6>x,.7,-.3),'wrong-branch swapped')
def f_wh(x):
    pos=x>0
    pcs=np.where(pos,np.exp(-x),1-x**3)
    return (c6*pcs).sum()
add('where: branches exchanged',f_wh,x6,lambda x:c6*np.where(x>0,-np.exp(-x),-3*x**2),lambda x:c6*np.where(x>0,-3*x**2,-np.exp(-x)),'wrong-branch swapped','pcs')
add('where: condition on the cotangent',f_wh,x6,lambda x:c6*np.where(x>0,-np.exp(-x),-3*x**2),lambda x:c6*np.where(c6>0,-np.exp(-x),-3*x**2),'wrong-branch','pcs')
po,ne=R(4),R(4)
def f_trip(a):
    dpos=((a-po)**2).sum()
    dneg=((a-ne)**2).sum()
    return np.maximum(0,dpos-dneg+20)
add('triplet: negative forgotten',f_trip,R(4),lambda a:2*(a-po)-2*(a-ne),lambda a:2*(a-po),'missing-path','dneg')
add('triplet: negative with plus',f_trip,R(4),lambda a:2*(a-po)-2*(a-ne),lambda a:2*(a-po)+2*(a-ne),'sign','dneg')
def f_cot(x):
    y1=np.sin(x)
    y2=c6*y1
    return .5*(y2**2).sum()
add('upstream gradient not multiplied',f_cot,x6,lambda x:c6**2*np.sin(x)*np.cos(x),lambda x:c6*np.cos(x),'missing-cotangent wrong-function','y2')
add('upstream gradient multiplied twice',f_cot,x6,lambda x:c6**2*np.sin(x)*np.cos(x),lambda x:c6**3*np.sin(x)**2*np.cos(x),'repeated-cotangent extra-factor','y2')
add('weights c used once (c instead of c^2)',f_cot,x6,lambda x:c6**2*np.sin(x)*np.cos(x),lambda x:c6*np.sin(x)*np.cos(x),'missing-factor','y2')
def f_two(x):
    shr=x**2
    la=np.sin(shr).sum()
    lb=(c6*shr).sum()
    return la+2*lb
add('variable used by two losses: second overwrites the first',f_two,x6,lambda x:2*x*(np.cos(x*x)+2*c6),lambda x:2*x*2*c6,'missing-path','la')
add('two losses: weight 2 on the wrong one',f_two,x6,lambda x:2*x*(np.cos(x*x)+2*c6),lambda x:2*x*(2*np.cos(x*x)+c6),'swapped factor')
add('two losses: second counted twice',f_two,x6,lambda x:2*x*(np.cos(x*x)+2*c6),lambda x:2*x*(np.cos(x*x)+4*c6),'extra-path factor','lb')
add('x*sin(x)*exp(x): middle term forgotten',lambda x:(c6*x*np.sin(x)*np.exp(x)).sum(),x6,lambda x:c6*np.exp(x)*(np.sin(x)+x*np.cos(x)+x*np.sin(x)),lambda x:c6*np.exp(x)*(np.sin(x)+x*np.sin(x)),'missing-path')

# ---------------------------------------------------------------- physics
rr=U(1.,1.8,6)
def f_lj(r):
    rep=4/r**12
    attr=4/r**6
    return (rep-attr).sum()
add('Lennard-Jones: r^12 for r^13',f_lj,rr,lambda r:-48/r**13+24/r**7,lambda r:-48/r**12+24/r**6,'wrong-local-derivative missing-factor extra-factor')
add('Lennard-Jones: attractive term with the wrong sign',f_lj,rr,lambda r:-48/r**13+24/r**7,lambda r:-48/r**13-24/r**7,'sign','attr')
add('Lennard-Jones: force instead of gradient',f_lj,rr,lambda r:-48/r**13+24/r**7,lambda r:48/r**13-24/r**7,'sign')
add('Lennard-Jones: 6 missing in the attractive term',f_lj,rr,lambda r:-48/r**13+24/r**7,lambda r:-48/r**13+4/r**7,'factor wrong-local-derivative missing-factor','attr')
xy=np.array([[0,0],[1.2,.3],[.4,1.5],[1.9,1.4]])
def f_spr(x):
    bond=x[1:]-x[:-1]
    dist=np.sqrt((bond**2).sum(1))
    enrg=.5*3*(dist-1)**2
    return enrg.sum()
def d_spr(x,unit=1,both=1,half=1):
    b=x[1:]-x[:-1]; r=np.sqrt((b**2).sum(1)); F=(half*3*(r-1))[:,None]*(b/r[:,None] if unit else b); g=np.zeros_like(x); g[1:]+=F
    if both: g[:-1]-=F
    return g
add('spring chain: bond not normalised',f_spr,xy,d_spr,lambda x:d_spr(x,0),'missing-factor wrong-local-derivative','dist')
add('spring chain: reaction on the other end forgotten',f_spr,xy,d_spr,lambda x:d_spr(x,1,0),'missing-path','bond')
add('spring chain: k/2 not differentiated to k',f_spr,xy,d_spr,lambda x:d_spr(x,half=.5),'factor','enrg')
def f_grav(x):
    r2=(x**2).sum(1)
    r=np.sqrt(r2)
    return (-2/r).sum()
add('gravity: x/r^2 for x/r^3',f_grav,xy+1,lambda x:2*x/((x**2).sum(1,keepdims=True))**1.5,lambda x:2*x/(x**2).sum(1,keepdims=True),'wrong-local-derivative missing-factor')
add('gravity: 1/r^2 in every component (no direction)',f_grav,xy+1,lambda x:2*x/((x**2).sum(1,keepdims=True))**1.5,lambda x:2/(x**2).sum(1,keepdims=True)+0*x,'missing-factor wrong-local-derivative missing-path')
th6=U(-1.5,1.5,5)
def f_pend(th):
    kin=.5*(th[1:]-th[:-1])**2
    pot=-9.8*np.cos(th)
    return kin.sum()+pot.sum()
def d_pend(th,s=1): g=s*9.8*np.sin(th); d=th[1:]-th[:-1]; g[1:]+=d; g[:-1]-=d; return g
add('pendulum: sign of the potential',f_pend,th6,d_pend,lambda t:d_pend(t,-1),'sign','pot')
add('pendulum: small angle theta for sin theta',f_pend,th6,d_pend,lambda th:d_pend(th)-9.8*np.sin(th)+9.8*th,'wrong-local-derivative wrong-value wrong-function','pot')
mass=U(.5,3,6)
add('kinetic energy p^2/2m: m missing',lambda p:(p**2/(2*mass)).sum(),x6,lambda p:p/mass,lambda p:p+0,'missing-factor wrong-function')
add('relativistic energy sqrt(p^2+m^2): p over m (classical)',lambda p:np.sqrt(p**2+mass**2).sum(),x6,lambda p:p/np.sqrt(p**2+mass**2),lambda p:p/mass,'wrong-local-derivative wrong-value wrong-function','sqrt')
def f_isg(s):
    nb=np.roll(s,-1)
    bond=s*nb
    return -(bond.sum())+.1*(s**4).sum()
add('spin chain: only one neighbour',f_isg,x6,lambda s:-(np.roll(s,1)+np.roll(s,-1))+.4*s**3,lambda s:-np.roll(s,-1)+.4*s**3,'missing-path','nb')
add('spin chain: next neighbour counted twice',f_isg,x6,lambda s:-(np.roll(s,1)+np.roll(s,-1))+.4*s**3,lambda s:-2*np.roll(s,-1)+.4*s**3,'wrong-index permuted missing-path','nb')
qv=U(.5,2,4)*np.array([1,-1,1,1])
iu=np.triu_indices(4,1)
def f_cou(x):
    dv=x[iu[0]]-x[iu[1]]
    dist=np.sqrt((dv**2).sum(1))
    return (qv[iu[0]]*qv[iu[1]]/dist).sum()
def d_cou(x,dbl=1,p=3,q=1):
    g=np.zeros_like(x)
    for i in range(4):
        for j in range(4):
            if i!=j: d=x[i]-x[j]; g[i]-=dbl*(qv[i] if q else 1)*qv[j]*d/np.sqrt(d@d)**p
    return g
add('Coulomb: every pair counted twice',f_cou,xy,d_cou,lambda x:d_cou(x,2),'factor extra-path')
add('Coulomb: own charge missing',f_cou,xy,d_cou,lambda x:d_cou(x,q=0),'missing-factor')
add('Coulomb: r^2 for r^3',f_cou,xy,d_cou,lambda x:d_cou(x,p=2),'wrong-local-derivative missing-factor','dist')

# ---------------------------------------------------------------- two slips together
add('PAIR1 logistic: y-p and no 1/N',f_log,w,d_log,lambda w:X.T@(yb-sig(X@w)),'sign factor')
add('PAIR2 softmax-CE: extra p(1-p) and no 1/N',f_ce,ZK,d_ce,lambda z:(softmax(z)-Y)*softmax(z)*(1-softmax(z)),'extra-factor factor')
add('PAIR3 hidden layer: 1-s^2 for sigmoid\' and factor 2',f_mlp,Wi,d_mlp,lambda W:2*d_mlp(W,lambda z:1-sig(z)**2),'wrong-local-derivative factor')
add('PAIR4 RNN: truncated and not transposed',f_rnn,Wr,d_rnn,lambda W:d_rnn(W,3,tr=0),'missing-path transposed')
add('PAIR5 batch norm: mean path dropped and gamma missing',f_bn,ZK,d_bn,lambda x:d_bn(x,m=0,g=0),'missing-path missing-factor')
add('PAIR6 ridge: half in the fit and sign of the penalty',f_ridge,w,lambda w:dd(w)+2*lam*w,lambda w:.5*dd(w)-2*lam*w,'factor sign')
add('PAIR7 LSTM: tanh\'(cell) missing and forget gate with the new cell',f_lstm,zl,d_lstm,lambda z:d_lstm(z,tp=0,cprev=0),'missing-factor stale-value wrong-value')
add('PAIR8 quotient rule: plus sign and denominator not squared',f_quo,x6,d_quo,lambda x:q_plus(x)*(2+x*x),'sign missing-factor wrong-local-derivative')
add('PAIR9 conv: kernel not flipped and factor 1/7',f_cv,xc,d_cv,lambda x:d_cv(x,ker[::-1])/7,'permuted factor')

# ================================================================ several arrays
W1_,b1_,W2_,b2_=.6*R(D,H),.3*R(H),R(H,K),R(K)
def m_mlp(W1,b1,W2,b2):
    z1=X@W1+b1
    h1=np.tanh(z1)
    logits=h1@W2+b2
    probs=softmax(logits)
    nll=-np.log(probs[ar,lab])
    regv=.5*.3*((W1**2).sum()+(W2**2).sum())
    return nll.mean()+regv
def g_mlp(W1,b1,W2,b2,act=1,n=1,hv=0,upd=0,b1m=0,b2m=0,r1=1,r2=1,n2=1,sm=1):
    z=X@W1+b1; h=np.tanh(z); p=softmax(h@W2+b2) if sm else h@W2+b2; d=(p-Y)/(N if n else 1)
    dW2=(z if hv else h).T@d*(1 if n2 else N)+.3*r2*W2
    db2=d.sum(0) if not b2m else np.full(K,np.abs(d).sum())
    d1=(d@(W2-.5*dW2 if upd else W2).T)*(1-h*h)**act
    return X.T@d1+.3*r1*W1,(d1.sum(0) if not b1m else d1.mean(0)),dW2,db2
A0=(W1_,b1_,W2_,b2_)
def mm(name,acc,where=None,**k): mul(name,m_mlp,A0,g_mlp,lambda *a:g_mlp(*a,**k),acc,where)
mm('MLP: tanh\' omitted in the hidden layer','missing-factor','h1',act=0)
mm('MLP: tanh\' applied twice','extra-factor','h1',act=2)
mm('MLP: dW2 with the pre-activation','wrong-value','logits',hv=1)
mm('MLP: W2 updated before it is used for dW1','stale-value wrong-value','W2',upd=1)
mm('MLP: db1 mean instead of sum','factor missing-sum','b1',b1m=1)
mm('MLP: 1/N missing in all data terms','factor',None,n=0)
mm('MLP: 1/N missing in dW2 only','factor','W2',n2=0)
mm('MLP: penalty on W2 forgotten','missing-path','regv',r2=0)
mm('MLP: penalty with factor 2 on W1','factor','regv',r1=2)
mm('MLP: logits for probabilities in the output error','wrong-value missing-factor wrong-local-derivative','probs',sm=0)
Xq=R(6,4); Tq=R(6,4); Q1,Q2,Q3=.6*R(4,4),.6*R(4,4),.6*R(4,4)
def m_sq(W1,W2,W3):
    z1=Xq@W1
    h1=np.maximum(z1,0)
    z2=h1@W2
    h2=np.maximum(z2,0)
    outv=h2@W3
    return .5*((outv-Tq)**2).sum()
def g_sq(W1,W2,W3,t3=1,t2=1,m1=None,m2=None,usew=0,hx=0,first=0):
    z1=Xq@W1; h1=np.maximum(z1,0); z2=h1@W2; h2=np.maximum(z2,0); e=h2@W3-Tq
    d2=e@(W3.T if t3 else W3)
    if m2!='no': d2=d2*(z2>0)
    d1=d2@((W3 if usew else W2).T if t2 else W2)*((z2 if m1=='z2' else z1)>0)
    return Xq.T@d1,(Xq if hx else h1).T@d2,(h1 if first else h2).T@e
Aq3=(Q1,Q2,Q3)
def ms(name,acc,where=None,**k): mul(name,m_sq,Aq3,g_sq,lambda *a:g_sq(*a,**k),acc,where)
ms('3 layers: W3 not transposed','transposed','outv',t3=0)
ms('3 layers: W2 not transposed','transposed','z2',t2=0)
ms('3 layers: W3 used again where W2 belongs','wrong-index wrong-value','z2',usew=1)
ms('3 layers: ReLU mask of layer 2 missing','missing-factor wrong-branch','h2',m2='no')
ms('3 layers: ReLU mask of layer 1 taken from layer 2','wrong-branch wrong-index wrong-value','h1',m1='z2')
ms('3 layers: dW2 with the input X instead of h1','wrong-value wrong-index stale-value','z2',hx=1)
ms('3 layers: dW3 with h1 instead of h2','wrong-value wrong-index stale-value','outv',first=1)
mul('3 layers: gradients returned in reverse order',m_sq,Aq3,g_sq,lambda *a:g_sq(*a)[::-1],'swapped permuted')
mul('3 layers: dW1 transposed',m_sq,Aq3,g_sq,lambda *a:(g_sq(*a)[0].T,)+g_sq(*a)[1:],'transposed','W1')
def m_lin(a,icpt):
    pred=a*xs+icpt
    err=pred-ys
    return (err**2).mean()
def g_lin(a,b,xa=1,sb=1): e=2*(a*xs+b-ys)/7; return np.array([(e*(xs if xa else 1)).sum()]),np.array([sb*e.sum()])
L1=(R(1),R(1))
mul('line: slope gradient without x',m_lin,L1,g_lin,lambda a,b:g_lin(a,b,xa=0),'missing-factor wrong-local-derivative','pred')
mul('line: intercept gradient with wrong sign',m_lin,L1,g_lin,lambda a,b:g_lin(a,b,sb=-1),'sign','icpt')
U0,V0,M0=R(5,3),R(4,3),R(5,4); seen=(R(5,4)>-.4)*1.
def m_mf(Ufac,Vfac):
    pred=Ufac@Vfac.T
    err=seen*(pred-M0)
    return .5*(err**2).sum()+.1*(Ufac**2).sum()
def g_mf(Um,Vm,mask=1,ru=1,rv=0): e=(seen if mask else 1)*(Um@Vm.T-M0); return e@Vm+.2*ru*Um,e.T@Um+.2*rv*Vm
mul('matrix factorisation: mask of observed entries missing',m_mf,(U0,V0),g_mf,lambda *a:g_mf(*a,mask=0),'missing-factor wrong-branch','err')
mul('matrix factorisation: V regularised although only U is',m_mf,(U0,V0),g_mf,lambda *a:g_mf(*a,rv=1),'extra-path','Vfac')
mul('matrix factorisation: penalty of U forgotten',m_mf,(U0,V0),g_mf,lambda *a:g_mf(*a,ru=0),'missing-path','Ufac')
def m_mfs(Um,Vm):
    err=A4-Um@Vm
    return (err**2).sum()
mul('UV: U and V not transposed',m_mfs,(R(4,4),R(4,4)),lambda u,v:(-2*(A4-u@v)@v.T,-2*u.T@(A4-u@v)),lambda u,v:(-2*(A4-u@v)@v,-2*u@(A4-u@v)),'transposed','err')
mul('UV: inner minus forgotten',m_mfs,(R(4,4),R(4,4)),lambda u,v:(-2*(A4-u@v)@v.T,-2*u.T@(A4-u@v)),lambda u,v:(2*(A4-u@v)@v.T,2*u.T@(A4-u@v)),'sign','err')
def m_bn(x,gamma,beta):
    mu=x.mean(0)
    vsq=x.var(0)
    xhat=(x-mu)/np.sqrt(vsq+eps)
    yout=gamma*xhat+beta
    return .5*((yout-T)**2).sum()
def g_bn(x,gamma,beta,v=1,gx=0,m=1,bs=1,gm=1):
    i=1/np.sqrt(x.var(0)+eps); xh=(x-x.mean(0))*i; dy=gamma*xh+beta-T; d=dy*(gamma if gm else 1)
    return i*(d-m*d.mean(0)-v*xh*(d*xh).mean(0)),(dy*(x if gx else xh)).sum(0),(dy.sum(0) if bs else d.sum(0))
Ab=(1.5*R(N,K)+.5,U(.5,2,K),R(K))
def mb(name,acc,where=None,**k): mul(name,m_bn,Ab,g_bn,lambda *a:g_bn(*a,**k),acc,where)
mb('BN: dgamma with x for xhat','wrong-value stale-value','yout',gx=1)
mb('BN: dx without the variance path','missing-path','vsq',v=0)
mb('BN: dx without gamma','missing-factor','yout',gm=0)
mb('BN: dbeta multiplied by gamma','extra-factor','beta',bs=0)
mul('BN: dgamma and dbeta exchanged',m_bn,Ab,g_bn,lambda *a:(lambda g:(g[0],g[2],g[1]))(g_bn(*a)),'swapped','yout')
def m_att(Qm,Km,V):
    sc=Qm@Km.T/np.sqrt(3)
    att=softmax(sc)
    outv=att@V
    return .5*((outv-Gat)**2).sum()
def g_att(Q,Km,V,vt=1,kt=1,sq=1,sw=0,jac=1):
    a=softmax(Q@Km.T/np.sqrt(3)); e=a@V-Gat; da=e@V.T; ds=a*(da-(da*a).sum(1,keepdims=True)*jac)/np.sqrt(3)
    return ds@(Q if sw else Km)*(1 if sq else np.sqrt(3)),(ds.T if kt else ds)@(Km if sw else Q),(a.T if vt else a)@e
At=(R(L,dm),R(L,dm),R(L,dm))
def ma(name,acc,where=None,**k): mul(name,m_att,At,g_att,lambda *a:g_att(*a,**k),acc,where)
ma('attention: dV with A instead of A^T','transposed','outv',vt=0)
ma('attention: dK with dS instead of dS^T','transposed','sc',kt=0)
ma('attention: scale missing in dQ only','factor missing-factor','Qm',sq=0)
ma('attention: Q and K exchanged in dQ, dK','swapped wrong-value','sc',sw=1)
ma('attention: softmax backward without the sum term','missing-path','att',jac=0)
def m_bil(x,M,y):
    frm=x@M@y
    return np.exp(.1*frm)
def g_bil(x,M,y,t=0,o=0,cot=1): c=.1*np.exp(.1*(x@M@y)) if cot else .1; return c*((M.T if t else M)@y),c*(np.outer(y,x) if o else np.outer(x,y)),c*(M.T@x)
Bl=(R(4),R(4,4),R(4))
mul('bilinear: dx with M^T',m_bil,Bl,g_bil,lambda *a:g_bil(*a,t=1),'transposed','frm')
mul('bilinear: outer product the wrong way round',m_bil,Bl,g_bil,lambda *a:g_bil(*a,o=1),'transposed swapped','frm')
mul('bilinear: exp dropped from the chain',m_bil,Bl,g_bil,lambda *a:g_bil(*a,cot=0),'missing-factor missing-cotangent','exp')
def m_cv(x,k,bias):
    cvo=k[0]*x[:-2]+k[1]*x[1:-1]+k[2]*x[2:]+bias
    a=np.maximum(cvo,0)
    return (kout*a).sum()
def g_cv(x,k,b,fl=0,bm=0,msk=1,sh=0):
    y=k[0]*x[:-2]+k[1]*x[1:-1]+k[2]*x[2:]+b; d=kout*(y>0) if msk else kout+0*y; g=np.zeros(9); kk=k[::-1] if fl else k
    for j in range(3): g[j:j+7]+=kk[j]*d
    xx=np.roll(x,sh); return g,np.array([d@xx[j:j+7] for j in range(3)]),np.array([d.mean() if bm else d.sum()])
Cv=(R(9),R(3),np.array([.2]))
mul('conv layer: kernel not flipped in dx',m_cv,Cv,g_cv,lambda *a:g_cv(*a,fl=1),'permuted','cvo')
mul('conv layer: bias gradient averaged',m_cv,Cv,g_cv,lambda *a:g_cv(*a,bm=1),'factor missing-sum','bias')
mul('conv layer: dk from the window shifted by one',m_cv,Cv,g_cv,lambda *a:g_cv(*a,sh=1),'wrong-index permuted','cvo')
def m_w2v(v,u,Un):
    pos=np.log(sig(u@v))
    neg=np.log(sig(-(Un@v)))
    return -pos-neg.sum()
def g_w2v(v,u,Un,ng=1,sn=1): a=sig(u@v)-1; s=sig(Un@v); return a*u+ng*Un.T@s,a*v,sn*np.outer(s,v)
Wv3=(R(4),R(4),R(5,4))
mul('word2vec: centre vector gets only the positive term',m_w2v,Wv3,g_w2v,lambda *a:g_w2v(*a,ng=0),'missing-path','neg')
mul('word2vec: sign of the negative samples',m_w2v,Wv3,g_w2v,lambda *a:g_w2v(*a,ng=-1,sn=-1),'sign','neg')
nz=R(5); tv=R(5)
def m_vae(mu,lv):
    sd=np.exp(.5*lv)
    latent=mu+sd*nz
    rec=.5*((latent-tv)**2).sum()
    kl=-.5*(1+lv-mu**2-np.exp(lv)).sum()
    return rec+kl
def g_vae(mu,lv,h=.5,e=1,km=1,kv=1): s=np.exp(.5*lv); d=mu+s*nz-tv; return d+km*mu,d*(nz if e else 1)*h*s+kv*.5*(np.exp(lv)-1)
Va=(R(5),R(5))
mul('VAE: 1/2 of exp(lv/2) missing',m_vae,Va,g_vae,lambda *a:g_vae(*a,h=1),'factor','sd')
mul('VAE: noise factor missing',m_vae,Va,g_vae,lambda *a:g_vae(*a,e=0),'missing-factor','latent')
mul('VAE: KL ignored for the log variance',m_vae,Va,g_vae,lambda *a:g_vae(*a,kv=0),'missing-path','kl')
def m_two(ra,rb):
    sep=ra-rb
    dist=np.sqrt((sep**2).sum())
    return 1/dist**2+.5*dist**2
def g_two(ra,rb,s=-1,dr=1): d=ra-rb; r=nr(d); f=(-2/r**3+r)*(d/r if dr else d); return f,s*f
Tb=(R(3),R(3)+1)
mul('two bodies: same sign on both (Newton 3)',m_two,Tb,g_two,lambda *a:g_two(*a,s=1),'sign','sep')
mul('two bodies: direction not normalised',m_two,Tb,g_two,lambda *a:g_two(*a,dr=0),'missing-factor wrong-local-derivative','dist')
px,py=U(.7,2,5),U(.5,2.5,5); c5=R(5)
def m_pow(x,y):
    pw=x**y
    return (c5*pw).sum()
mul('x^y: log of y for log of x',m_pow,(px,py),lambda x,y:(c5*y*x**(y-1),c5*x**y*np.log(x)),lambda x,y:(c5*y*x**(y-1),c5*x**y*np.log(y)),'wrong-value swapped wrong-local-derivative','pw')
mul('x^y: exponent not lowered in dx',m_pow,(px,py),lambda x,y:(c5*y*x**(y-1),c5*x**y*np.log(x)),lambda x,y:(c5*y*x**y,c5*x**y*np.log(x)),'wrong-local-derivative extra-factor','pw')
mul('a/b: sign of the denominator derivative',lambda a,b:(c5*a/b).sum(),(px,py),lambda a,b:(c5/b,-c5*a/b**2),lambda a,b:(c5/b,c5*a/b**2),'sign')
mul('arctan2: arguments exchanged',lambda a,b:(c5*np.arctan2(a,b)).sum(),(px,py),lambda a,b:(c5*b/(a*a+b*b),-c5*a/(a*a+b*b)),lambda a,b:(-c5*a/(a*a+b*b),c5*b/(a*a+b*b)),'swapped','arctan2')
def m_cos(a,b):
    na=np.sqrt(a@a)
    nb=np.sqrt(b@b)
    return (a@b)/(na*nb)
def g_cos(a,b,w_=0,p=1): n,m=nr(a),nr(b); c=a@b/(n*m); return b/(n*m)-p*c*a/n**2,a/(n*m)-p*c*b/(n if w_ else m)**2
mul('cosine: norm of a used in db',m_cos,(R(4),R(4)*2),g_cos,lambda a,b:g_cos(a,b,1),'wrong-value swapped wrong-index','nb')
mul('cosine: both norms treated as constants',m_cos,(R(4),R(4)*2),g_cos,lambda a,b:g_cos(a,b,p=0),'missing-path')
Xw=R(5,3); Gw=R(5,3)
def m_hw(Wt,Wg):
    tr=np.tanh(Xw@Wt)
    gate=sig(Xw@Wg)
    outv=gate*tr+(1-gate)*Xw
    return (Gw*outv).sum()
def g_hw(Wt,Wg,sk=1,ca=0,l=0): t,g=np.tanh(Xw@Wt),sig(Xw@Wg); return Xw.T@(Gw*((1-g) if ca else g)*(1-t*t)),Xw.T@(Gw*(t-sk*Xw)*(g if l else g*(1-g)))
Hw=(R(3,3),R(3,3))
mul('highway: carry term missing in the gate gradient',m_hw,Hw,g_hw,lambda *a:g_hw(*a,sk=0),'missing-path','outv')
mul('highway: 1-g for g in the transform gradient',m_hw,Hw,g_hw,lambda *a:g_hw(*a,ca=1),'wrong-value swapped wrong-branch wrong-local-derivative','outv')
mul('highway: sigmoid in place of its derivative',m_hw,Hw,g_hw,lambda *a:g_hw(*a,l=1),'wrong-local-derivative wrong-value missing-factor','gate')
def m_out(r,c):
    tab=r[:,None]*np.ones(5)+c
    return (Gsq*tab**2).sum()
mul('row and column effects: axes exchanged (square)',m_out,(R(5),R(5)),lambda r,c:((2*Gsq*(r[:,None]+c)).sum(1),(2*Gsq*(r[:,None]+c)).sum(0)),lambda r,c:((2*Gsq*(r[:,None]+c)).sum(0),(2*Gsq*(r[:,None]+c)).sum(1)),'wrong-axis swapped transposed','tab')
Xr=R(3,2,4)
def m_rnn(Wx,Wh,bias):
    h1=np.tanh(Xr[0]@Wx+bias)
    h2=np.tanh(Xr[1]@Wx+h1@Wh+bias)
    h3=np.tanh(Xr[2]@Wx+h2@Wh+bias)
    return .5*((h3-Tr)**2).sum()
def g_rnn(Wx,Wh,b,xl=0,bl=0,cut=3,xt=0,bf=0):
    h=[np.zeros((2,3))]
    for t in range(3): h.append(np.tanh(Xr[t]@Wx+h[-1]@Wh+b))
    d=h[3]-Tr; gx,gh,gb=0*Wx,0*Wh,0*b
    for t in (3,2,1):
        if 3-t>=cut: break
        dz=d*(1-h[t]**2)
        if t==3 or not xl: gx=gx+Xr[2 if xt else t-1].T@dz
        gh=gh+h[t-1].T@dz
        if t==3 or not bl: gb=gb+dz.sum(0)
        d=dz@Wh.T
    return gx,gh,gb
Rn=(.6*R(4,3),.7*R(3,3),.3*R(3))
mul('RNN: Wx gradient from the last step only',m_rnn,Rn,g_rnn,lambda *a:g_rnn(*a,xl=1),'missing-path missing-sum','Wx')
mul('RNN: bias gradient from the last step only',m_rnn,Rn,g_rnn,lambda *a:g_rnn(*a,bl=1),'missing-path missing-sum','bias')
mul('RNN: truncated after two steps',m_rnn,Rn,g_rnn,lambda *a:g_rnn(*a,cut=2),'missing-path','h1')
mul('RNN: x of the last step at every step',m_rnn,Rn,g_rnn,lambda *a:g_rnn(*a,xt=1),'wrong-index stale-value wrong-value')
Yl,Yr=R(5,4),R(5,4)
def m_sia(Wa,Wb):
    za=np.tanh(Yl@Wa)
    zb=np.tanh(Yr@Wb)
    gapv=za-zb
    return (gapv**2).sum()
def g_sia(Wa,Wb,s=-1,b=1): a,c=np.tanh(Yl@Wa),np.tanh(Yr@Wb); g=2*(a-c); return Yl.T@(g*(1-a*a)),b*s*Yr.T@(g*(1-c*c))
mul('two branches: second branch detached (zero gradient)',m_sia,(R(4,3),R(4,3)),g_sia,lambda *a:g_sia(*a,b=0),'missing-path','zb')
mul('two branches: minus of the second branch forgotten',m_sia,(R(4,3),R(4,3)),g_sia,lambda *a:g_sia(*a,s=1),'sign','gapv')
idx=np.array([3,1,3,3,0])
Temb=R(5,2)
def m_emb(Em,Wd):
    vec=Em[idx]
    outv=vec@Wd
    return .5*((outv-Temb)**2).sum()
def g_emb(Em,Wd,acc=1):
    v=Em[idx]; e=v@Wd-Temb; g=np.zeros_like(Em)
    if acc: np.add.at(g,idx,e@Wd.T)
    else: g[idx]+=e@Wd.T
    return g,v.T@e
mul('embedding layer: g[idx] += loses repeats',m_emb,(R(5,3),R(3,2)),g_emb,lambda *a:g_emb(*a,acc=0),'wrong-index missing-path missing-sum','vec')
mul('PAIR10 MLP: tanh\' omitted and db1 mean',m_mlp,A0,g_mlp,lambda *a:g_mlp(*a,act=0,b1m=1),'missing-factor factor missing-sum')
mul('PAIR11 attention: scale missing in dQ and dV not transposed',m_att,At,g_att,lambda *a:g_att(*a,sq=0,vt=0),'factor missing-factor transposed')
mul('PAIR12 VAE: noise factor missing and KL ignored for lv',m_vae,Va,g_vae,lambda *a:g_vae(*a,e=0,kv=0),'missing-factor missing-path')

def where_ok(name,text):
    """True if the diagnosis text names the place (or no place is asked for)."""
    import re
    w_=WHERE[name]; return w_ is None or re.search(r'(?<![A-Za-z0-9_])'+re.escape(w_)+r'(?![A-Za-z0-9_])',text) is not None
